// `grfctl key`: the folder of keys (schemas/keys.md), without a daemon.
#pragma once
#include <string>
#include <vector>

struct KeyOptions {
  std::string folder = "/etc/grfd/keys";
  bool feed = false, control = false, json = false;
};

/// @param words "key" and what follows
/// @return the exit code of grfctl. @throws boost::program_options::error on wrong use, std::runtime_error otherwise
int key_command(const std::vector<std::string>& words, const KeyOptions& options);

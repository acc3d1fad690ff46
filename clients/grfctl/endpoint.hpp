// Whether anybody can be behind an address.
#pragma once
#include <string>

/// True for an address ipc://PATH whose file is not there: nothing listens, and waiting for it is in vain. False for
/// all others, also when the file cannot be looked at.
bool socket_file_missing(const std::string& endpoint);
/// What is to be said then of the daemon's address, and what would be right.
std::string no_daemon_text(const std::string& endpoint);

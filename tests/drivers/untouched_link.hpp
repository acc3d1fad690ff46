// A device that no driver may touch: only what its descriptors say can be read.
#pragma once
#include <boost/test/unit_test.hpp>

#include "drivers/link.hpp"

namespace grfd::test {

struct UntouchedLink final : Link {
  LinkInfo facts;
  const LinkInfo& info() const override { return facts; }
  void claim(std::span<const int>) override { BOOST_ERROR("claimed"); }
  std::size_t control(std::uint8_t, std::uint8_t, std::uint16_t, std::uint16_t, std::span<std::byte>, int) override {
    BOOST_ERROR("asked");
    return 0;
  }
  void write(std::uint8_t, std::span<const std::byte>, int) override { BOOST_ERROR("written"); }
  std::size_t read(std::uint8_t, std::span<std::byte>, int) override { return 0; }
  void start_stream(std::uint8_t, std::size_t, int) override {}
  void stop_stream(std::uint8_t, int) noexcept override {}
  void set_receiver(Receiver*) override {}
};

}  // namespace grfd::test

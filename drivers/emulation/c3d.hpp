// C3D files: header, parameters and analogue channels, for Intel, DEC and SGI processors, 16-bit integer and real.
#pragma once
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace grfd {

/// what() reads "trial.c3d: byte 517: what is wrong; what would be right".
struct C3dError : std::runtime_error {
  C3dError(const std::string& file, std::size_t byte, const std::string& what)
      : std::runtime_error(file + ": byte " + std::to_string(byte) + ": " + what) {}
};

struct C3dParameter {
  std::string group, name;  ///< upper case
  int type = 0;             ///< -1 characters, 1 bytes, 2 16-bit integers, 4 reals
  std::vector<std::size_t> dims;
  std::size_t offset = 0, count = 0;  ///< of the values, in the file
};

/// A whole file in memory. Every access is checked: no content of the file can make it read out of bounds.
class C3dFile {
 public:
  /// @throws C3dError, also when the file cannot be read
  static C3dFile read(const std::string& path);
  /// @throws C3dError
  C3dFile(std::vector<std::byte> bytes, std::string name);

  const std::string& name() const { return name_; }
  double rate_hz() const { return rate_hz_; }       ///< of the analogue channels
  std::size_t samples() const { return samples_; }  ///< per channel
  std::size_t channels() const { return channels_; }
  /// In the unit of ANALOG:UNITS: (count - OFFSET) * SCALE * GEN_SCALE. `channel` is 0-based.
  /// @throws C3dError when a value is no finite number
  std::vector<double> channel(std::size_t channel) const;

  /// @return null when the file has no such parameter
  const C3dParameter* find(std::string_view group, std::string_view name) const;
  /// Empty when there is no such parameter. @throws C3dError when it holds text or numbers that are not finite
  std::vector<double> numbers(std::string_view group, std::string_view name) const;
  /// Trimmed words of a character parameter; empty when there is none. @throws C3dError when it holds numbers
  std::vector<std::string> words(std::string_view group, std::string_view name) const;
  /// Where the chain of parameters leaves its section and was taken to end; 0 when it ends as it should.
  std::size_t chain_broken_at() const { return chain_broken_at_; }
  [[noreturn]] void missing(const char* group, const char* name, const std::string& why) const;
  [[noreturn]] void fail(std::size_t byte, const std::string& what) const { throw C3dError(name_, byte, what); }

 private:
  enum class Processor : std::uint8_t { intel = 84, dec = 85, sgi = 86 };
  std::uint8_t u8(std::size_t at) const;
  std::uint16_t u16(std::size_t at) const;
  std::int16_t i16(std::size_t at) const { return static_cast<std::int16_t>(u16(at)); }
  double real(std::size_t at) const;
  double number(std::string_view group, std::string_view name, double otherwise) const;
  void read_parameters();
  void read_layout();
  std::size_t frame_count(std::size_t available) const;

  std::vector<std::byte> bytes_;
  std::string name_;
  Processor processor_ = Processor::intel;
  std::vector<C3dParameter> parameters_;
  bool real_data_ = false, unsigned_data_ = false;
  std::size_t chain_broken_at_ = 0, data_start_ = 0, frame_bytes_ = 0, points_ = 0, per_frame_ = 0, channels_ = 0,
              samples_ = 0;
  double rate_hz_ = 0;
};

}  // namespace grfd

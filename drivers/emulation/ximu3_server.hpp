// The command side of an emulated x-IMU3: settings by name, JSON answers, errors as data messages.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace grfd {

/// Settings written take effect at `apply`, or 2 s after the last one was written; the caller keeps that time.
class Ximu3Server {
 public:
  using Json = nlohmann::ordered_json;
  explicit Ximu3Server(std::string serial);

  struct Result {
    std::string answer;  ///< command message without LF; empty: none
    std::string error;   ///< text of an F message; empty: none
    std::string note;    ///< text of an N message; empty: none
    bool wrote = false, applied = false, reset = false;
  };
  /// One line, without LF.
  Result take(const std::string& line);
  void apply();
  /// All but what was saved is lost.
  void power_up();

  /// What is in effect.
  struct Active {
    bool binary = true, stream = true;
    int inertial = 0, highg = 0, ahrs = 0, ahrs_type = 0;  ///< divisors; 0: off
    int magnetometer = 0, temperature = 0, battery = 0, rssi = 0;
    int serial_mode = 0;
  };
  const Active& active() const { return active_; }
  /// The value as it was last written.
  const Json& written(const char* key) const { return written_.at(key); }
  int blinks() const { return blinks_; }

 private:
  Json command(const std::string& plain, const Json& value, Result& result, bool& known);
  Json write(const std::string& name, const Json& value);
  Json written_, saved_;
  Active active_;
  std::string serial_, time_ = "2000-01-01 00:00:00";
  int blinks_ = 0;
};

}  // namespace grfd

// Centre of pressure of each plate and of all together, with validity and uncertainty.
#pragma once
#include <optional>
#include <span>

#include "dsp/contact.hpp"
#include "dsp/cop_polynomial.hpp"
#include "dsp/wrench.hpp"

namespace grfd {

struct CopParams {
  ContactParams contact{20, 10, 5, 5}, plate{50, 40, 5, 5}, total{100, 80, 5, 5};
  double sigma_ok_m = 0.002, sigma_bad_m = 0.003;
  double noise_gain = 1;  ///< of the low-pass before: tare-time covariances are of raw samples
  /// @param rate_hz of the grid, for the debounce
  static CopParams from(const ThresholdSettings& t, double rate_hz, double noise_gain) noexcept;
};

struct CopValue {
  double cop_ml = 0, cop_ap = 0;  ///< m, lab; NaN unless valid
  double fz = 0;                  ///< N; NaN when unknown
  double tz = 0;                  ///< N.m, free moment at the CoP; NaN unless valid
  double sigma = 0;               ///< m, the larger of both axes; NaN unless valid
  bool contact = false;           ///< a foot is there (total: on any plate)
  bool valid = false;
  bool quality_ok = false;  ///< sigma came below sigma_ok_m and has not been above sigma_bad_m since
};

/// Takes filtered ground reactions about the lab origin, one per plate and tick. A plate without contact counts as zero
/// in the total (its wrench is drift); an unknown plate makes the total unknown.
class CopCalculator {
 public:
  static constexpr std::size_t kMaxPlates = 4;
  /// `surface_z_m`: height of each plate's surface in the lab; the CoP of the total lies on z = 0.
  /// @throws std::invalid_argument for no plate or more than four
  CopCalculator(const CopParams& params, std::span<const double> surface_z_m);

  /// Covariance of the plate's lab wrench (PlateModel::lab_covariance); zero until told.
  void set_covariance(std::size_t plate, const Mat6& lab_covariance) noexcept {
    assign(state_.plates[plate].covariance, lab_covariance);
  }
  /// From then on in the point of the plate where it is valid, and in the sum. At setup.
  void set_correction(std::size_t plate, const CopCorrection& correction) { corrections_[plate] = correction; }
  /// At least as many wrenches as there are plates.
  void update(std::span<const Wrench6> lab) noexcept;
  const CopValue& plate(std::size_t i) const noexcept { return plate_values_[i]; }
  const CopValue& total() const noexcept { return total_value_; }
  /// Sum of the wrenches of all plates in contact, about the lab origin.
  const Wrench6& total_wrench() const noexcept { return total_wrench_; }
  std::size_t plates() const noexcept { return n_; }
  /// Keeps the covariances.
  void reset() noexcept;

  struct Gate {
    Contact::State valid;
    bool quality_ok = false;
    std::array<std::uint8_t, 3> reserved{};  // no padding: equal states are equal bytes
  };
  struct PlateState {
    Contact::State contact;
    Gate gate;
    std::uint32_t reserved = 0;
    Mat6 covariance{};
  };
  struct State {
    std::array<PlateState, kMaxPlates> plates{};
    Gate total;
    std::uint32_t reserved = 0;
  };
  State& state() noexcept { return state_; }

 private:
  void correct_and_judge(Wrench6& w, double z, const CopCorrection* correction, const Mat6& covariance,
                         const ContactParams& limits, Gate& gate, CopValue& out) const noexcept;
  CopParams params_;
  std::size_t n_;
  std::array<double, kMaxPlates> surface_z_m_{};
  std::array<std::optional<CopCorrection>, kMaxPlates> corrections_;
  State state_{};
  std::array<CopValue, kMaxPlates> plate_values_{};
  CopValue total_value_{};
  Wrench6 total_wrench_{};
};
static_assert(std::is_trivially_copyable_v<CopCalculator::State>);

}  // namespace grfd

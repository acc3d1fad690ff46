// Known masses: weighed by the pipeline; the places of this session give the recalibration of a plate.
#include <cmath>

#include "daemon/app_impl.hpp"
#include "daemon/config_reader.hpp"
#include "daemon/geometry.hpp"
#include "daemon/plate_named.hpp"
#include "schemas/gravity.hpp"

namespace grfd {

using Json = Control::Json;

Control::Answer App::weigh_mass(const std::string& name, const Json& kg, const Json& x_m, const Json& y_m) {
  const PlateSettings& plate = plate_named(settings_.plates, name);
  const double mass = kg.is_number() ? kg.get<double>() : 0, full_n = plate.calibration.full_scale[2];
  if (!(mass > 0 && mass <= 2000)) throw Refusal("\"kg\" must be a number above 0, at most 2000");
  if (mass * kStandardGravity_m_s2 > full_n)
    throw Refusal("it is heavier than plate " + name + " may carry, " + number_text(full_n) + " N");
  Json detail{{"plate", name}, {"kg", mass}};
  if (x_m.is_null() != y_m.is_null())
    throw Refusal(std::string("\"") + (x_m.is_null() ? "x_m" : "y_m") + "\" is missing: a place has both");
  if (!x_m.is_null()) {
    if (!x_m.is_number() || !y_m.is_number()) throw Refusal("\"x_m\" and \"y_m\" must be numbers");
    const Vec3 middle = centre(plate.corners_m);
    const double beside_m = outside_m(plate.corners_m, middle[0] + x_m.get<double>(), middle[1] + y_m.get<double>());
    if (!(beside_m <= 0))
      throw Refusal("the place is " + number_text(std::round(1e3 * beside_m)) + " mm beside plate " + name +
                    ": x_m and y_m are metres to the right and forward from its centre");
    detail["x_m"] = x_m;
    detail["y_m"] = y_m;
  }
  return {nullptr, send_command("mass", detail)};
}

Control::Answer App::fit_masses(const std::string& name, const Json& by_place) {
  const PlateSettings& plate = plate_named(settings_.plates, name);
  if (!by_place.is_null() && !by_place.is_boolean()) throw Refusal("\"by_place\" must be true or false");
  try {
    return {mass_sites_.fit(plate.name, by_place == true)};
  } catch (const std::invalid_argument& e) { throw Refusal("plate " + name + ": " + e.what()); }
}

Control::Answer App::forget_masses(const std::string& name) {
  return {{{"plate", plate_named(settings_.plates, name).name}, {"forgotten", mass_sites_.forget(name)}}};
}

void App::note_place(Json& detail) {
  if (!detail.value("accepted", false)) return;
  if (detail.value("x_m", Json()).is_number()) {
    const std::string why_not = mass_sites_.add(detail);
    detail["kept"] = why_not.empty();
    detail["kept_reason"] = why_not;
    if (!why_not.empty())
      log(Level::warning, "a place of plate " + detail.value("plate", "") + " is not kept: " + why_not);
  }
  detail["sites"] = mass_sites_.count(detail.value("plate", ""));
}

}  // namespace grfd

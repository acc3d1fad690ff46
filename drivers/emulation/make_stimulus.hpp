// From settings to what the emulated devices sense.
#pragma once
#include <memory>

#include "drivers/emulation/stimulus.hpp"

namespace grfd {

/// A C3D recording brings its own plates: corners, origin, sense and pad of Settings::plates are then replaced by the
/// file's, so that the pipeline sees the same plates. A CSV is laid on the plates of the settings: its wrenches are
/// ground reactions about the surface centres in lab axes. Settings::stimulus.plates says which plate of the file a
/// plate of the settings is (1-based; otherwise: in order).
/// @param warnings what was decided or replaced, one sentence each, is appended
/// @return null when stimulus.kind is none
/// @throws C3dError, CsvError, std::invalid_argument ("stimulus.plates.left: ...")
std::unique_ptr<Stimulus> make_stimulus(Settings& settings, std::vector<std::string>& warnings);

}  // namespace grfd

// Which devices a computed stream comes from.
#pragma once
#include <map>
#include <string>

#include "schemas/settings.hpp"
#include "schemas/stream.hpp"

namespace grfd {

/// Fills StreamInfo::device where it is empty: the names of all devices whose samples the stream is computed from,
/// joined by ", "; "stimulus" for the truth. Streams of the daemon itself (events, ticks, ...) keep none.
void name_sources(const Settings& settings, StreamTable& streams);

/// Fills StreamInfo::serial where it is empty, with the serials of its devices in the same order, joined alike; those
/// that are not known stay out.
/// @param serials by device, as the devices themselves told them
void name_serials(const std::map<std::string, std::string>& serials, StreamTable& streams);

}  // namespace grfd

// MicroStrain (HBK) 3DM-CV7/GV7 and 3DM-GX5/CX5/CV5 inertial sensors over USB: the driver.
//
// Link: CDC-ACM, any endpoint pair; packets as in drivers/mip_packet.hpp; commands as in
// drivers/microstrain_mip_setup.hpp. Stream at 1 kHz, one packet of set 0x80 per sample, 50 bytes (generation 7) or 48
// bytes (generation 5):
//
//   75 65 80 2C | 0A D5 u64       reference time, ns since power-up, of the sampling instant
//               | 06 D2 u32       base periods since the last output of this field
//               | 0E 04 3 x f32   acceleration (specific force), g
//               | 0E 05 3 x f32   angular rate, rad/s | a b
//   75 65 80 2A | 0E 04 3 x f32 | 0E 05 3 x f32 | 0E 12 f64 time of week s, u16 week, u16 flags | a b
//   optional:     04 18 u16       over-range: bits 0-2 acceleration x y z, bits 4-6 angular rate x y z
//
//   75 65 A0 0D | 03 D0 u8 trigger | 0A D5 u64 ns of the edge | a b     with sync_pin, one for each edge
//   optional:     03 03 u8        levels of the pins, bit n = pin n + 1
//
// There is no packet counter: the step of the reference time, rounded to sample periods, tells how many samples are
// missing, also while the driver was started anew: the device's clock runs on (drivers/clock_ran_on.hpp). Axes are
// those of the sensor's case (its mounting rotation is kept at identity).
#include <algorithm>
#include <atomic>
#include <cmath>
#include <utility>

#include "drivers/clock_ran_on.hpp"
#include "drivers/emulation/microstrain_mip_device.hpp"
#include "drivers/microstrain_mip_settings.hpp"
#include "drivers/microstrain_mip_setup.hpp"
#include "drivers/mip_content.hpp"
#include "drivers/sync_stream.hpp"

namespace grfd {

namespace {

using namespace mip;

constexpr TimeNs kStarvation = 500'000'000;
constexpr std::size_t kTransferBytes = 4096;
constexpr int kTransfers = 8, kDrainMs = 50;
constexpr std::uint64_t kLongestHole = 3'600'000'000'000;  // a longer step is a clock that was set, not a loss
constexpr std::uint64_t kOldestEdge = 10'000'000'000;      // an edge further from the samples is of another time
constexpr double kAtFullScale = 0.999;                     // of the nominal range
constexpr std::uint16_t kOverRangeBits = 0x77;

class MicrostrainMip final : public Driver {
 public:
  MicrostrainMip(const DeviceSettings& settings, StreamId first) : settings_(settings), first_(first) {
    use({.decimation = mip_decimation(settings.rate_hz, kMipNominalBaseHz)});
    patience_ = kStarvation + static_cast<TimeNs>(3 * mip_group(settings.emulation) * period_ns_);
  }

  DeviceIdentity identify(Link& link) override {
    const CdcAcmVisit visit(link, open(link));  // it may be another's: left as it was
    Commander commander(link, visit.port());
    return mip_identify(commander).identity;
  }

  void start(Link& link, SampleBatch& facts) override {
    port_ = open(link);
    Commander commander(link, port_);
    ours_ = false;
    const MipInfo info = mip_identify(commander);
    if (!settings_.serial.empty() && settings_.serial != info.identity.serial)
      throw DeviceError("serial number: the device is '" + info.identity.serial + "', the settings ask for '" +
                        settings_.serial + "'");
    ours_ = true;
    const MipSetup setup = mip_configure(commander, settings_, info);
    use(setup);
    write_facts(setup, facts);
    parser_.reset();
    restart_ = any_;
    await_ack_ = true;
    resume_refused_ = false;
    last_sample_ = 0;
    first_check_ = 0;
    link.start_stream(port_.in, kTransferBytes, kTransfers);
    commander.send({"resume", kBase, 0x06});  // its answer comes in the stream
  }

  void stop(Link& link) noexcept override {
    if (port_.out == 0) return;  // never opened
    try {
      if (std::exchange(ours_, false)) Commander(link, port_).send({"set idle", kBase, 0x02});
    } catch (const std::exception&) {  // gone already: the stream is taken down all the same
    }
    link.stop_stream(port_.in, kDrainMs);
    close_cdc_acm(link, port_);
  }

  void decode(std::span<const std::byte> bytes, TimeNs arrival, SampleBatch& out) noexcept override {
    while (!bytes.empty()) {
      bytes = parser_.take(bytes, arrival);
      for (Packet packet; parser_.next(packet);) take(packet, arrival, out);
    }
  }

  const char* check(Link&, TimeNs now) noexcept override {
    if (resume_refused_) return "the device refuses to resume";
    if (first_check_ == 0) first_check_ = now;
    const TimeNs since = std::max(first_check_, last_sample_.load(std::memory_order_relaxed));
    return now - since > patience_ ? "no sample for 0.5 s" : nullptr;
  }

  std::span<const Counter* const> counters() const noexcept override { return all_; }

 private:
  CdcAcm open(Link& link) {
    require_main_port(link.info());
    const CdcAcm port = find_cdc_acm(link.info().configuration);
    open_cdc_acm(link, port);
    return port;
  }

  void use(const MipSetup& setup) {
    decimation_ = static_cast<std::uint32_t>(setup.decimation);
    period_ns_ = setup.decimation * 1e9 / setup.base_rate_hz;
    full_scale_.fill(HUGE_VALF);
    if (setup.accel_range_g > 0)
      std::fill_n(full_scale_.begin(), 3, static_cast<float>(setup.accel_range_g * kAtFullScale));
    if (setup.gyro_range_deg_s > 0)
      std::fill_n(full_scale_.begin() + 3, 3, static_cast<float>(setup.gyro_range_deg_s * M_PI / 180 * kAtFullScale));
  }

  void write_facts(const MipSetup& setup, SampleBatch& facts) {
    Sample& s = facts.next();
    s.stream = static_cast<StreamId>(first_ + 1);
    s.seq = facts_seq_++;
    const auto told = [&s](double value) {
      if (value > 0) return value;
      s.flags |= kInvalid;
      return std::nan("");
    };
    set_value(s, 0, told(setup.accel_range_g));
    set_value(s, 1, told(setup.gyro_range_deg_s));
    set_value(s, 2, setup.base_rate_hz);
    set_value(s, 3, static_cast<double>(setup.decimation));
    set_value(s, 4, setup.base_rate_hz / setup.decimation);
    set_value(s, 5, static_cast<double>(setup.firmware));
    set_value(s, 6, told(setup.accel_bandwidth_hz));
    set_value(s, 7, told(setup.gyro_bandwidth_hz));
  }

  void take(const Packet& packet, TimeNs arrival, SampleBatch& out) noexcept {
    if (packet.set < 0x80 || packet.set >= 0xF0) return take_reply(packet);
    if (packet.set == kSystem && settings_.sync_pin > 0) return take_edge(packet, arrival, out);
    if (packet.set != kSensor) return ++other_set_;
    const MipContent content = reader_.read(packet.payload);
    if (content.event) return ++event_packet_;
    if (!content.time || !content.acceleration || !content.rate) return ++incomplete_packet_;
    emit(content, arrival, out);
  }

  void take_reply(const Packet& packet) noexcept {
    ++reply_in_stream_;
    FieldWalk walk(packet.payload);
    for (Field f; walk.next(f);) {
      if (packet.set != kBase || f.descriptor != kAck || f.data.size() != 2 || f.data[0] != std::byte{0x06}) continue;
      if (f.data[1] != std::byte{kOk}) {
        resume_refused_ = true;
      } else if (!await_ack_) {
        restart_ = any_;  // replayed bytes: the only sign that the driver started again here
      }
      await_ack_ = false;
    }
    if (walk.bad()) ++reader_.bad_field;
  }

  /// An edge needs a sample before it: the one by which its time is mapped to the lab clock.
  void take_edge(const Packet& packet, TimeNs arrival, SampleBatch& out) noexcept {
    const MipContent c = reader_.read_system(packet.payload);
    if (!c.event || c.trigger != kSyncTrigger || !c.time) return ++other_set_;
    const std::uint64_t apart = c.t_ns > last_t_ns_ ? c.t_ns - last_t_ns_ : last_t_ns_ - c.t_ns;
    if (!any_ || restart_ || apart > kOldestEdge) return ++edge_without_sample_;
    Sample header;
    header.stream = static_cast<StreamId>(first_ + 3);
    header.seq = edge_seq_++;
    header.t_arrival = arrival;
    header.t_device = c.t_ns;
    header.epoch = epoch_;
    push_edge(out, header, settings_.sync_pin, c.gpio ? (c.levels >> (settings_.sync_pin - 1) & 1) != 0 : true);
  }

  void emit(const MipContent& c, TimeNs arrival, SampleBatch& out) noexcept {
    std::uint16_t flags = 0;
    if (any_) {
      if (restart_ && !clock_ran_on(c.t_ns - last_t_ns_, 1, arrival - last_arrival_)) {
        lose(-1, MipLoss::restart, c, arrival, out, flags);
      } else if (c.t_ns < last_t_ns_) {
        lose(-1, MipLoss::clock_back, c, arrival, out, flags);
      } else if (!restart_ && c.t_ns - last_t_ns_ > kLongestHole) {
        lose(-1, MipLoss::clock_jump, c, arrival, out, flags);
      } else {
        const auto step = std::llround(static_cast<double>(c.t_ns - last_t_ns_) / period_ns_);
        if (step == 0) return ++duplicate_time_;
        const bool counted = c.delta && c.ticks == static_cast<std::uint64_t>(step) * decimation_;
        if (step > 1)
          lose(step - 1,
               restart_                   ? MipLoss::restart
               : damage() != last_damage_ ? MipLoss::corrupt
               : counted                  ? MipLoss::device
                                          : MipLoss::link,
               c, arrival, out, flags);
        if (c.delta && c.ticks != decimation_ && !restart_) ++delta_mismatch_;
        seq_ += static_cast<std::uint64_t>(step);
      }
    }
    any_ = true;
    restart_ = false;
    last_t_ns_ = c.t_ns;
    last_arrival_ = arrival;
    last_damage_ = damage();
    Sample& s = out.next();
    s.stream = first_;
    s.seq = seq_;
    s.t_arrival = arrival;
    s.t_device = c.t_ns;
    s.epoch = epoch_;
    bool nan = false, clipped = (c.over_range & kOverRangeBits) != 0;
    for (std::size_t i = 0; i < 6; ++i) {
      nan |= std::isnan(c.values[i]);
      clipped |= std::fabs(c.values[i]) >= full_scale_[i];
      set_value(s, i, c.values[i]);
    }
    if (nan) flags |= kInvalid, ++nan_value_;
    if (clipped) flags |= kClipped, ++over_range_;
    s.flags = flags;
    last_sample_.store(arrival, std::memory_order_relaxed);
  }

  /// Writes the loss row in front of the sample that follows the hole. An unknown count starts a new epoch of the
  /// clock.
  void lose(std::int64_t count, MipLoss cause, const MipContent& c, TimeNs arrival, SampleBatch& out,
            std::uint16_t& flags) noexcept {
    flags |= kGapBefore;
    if (count < 0) {
      flags |= kNewEpoch;
      ++epoch_;
      ++losses_unknown_;
    } else {
      samples_lost_ += static_cast<std::uint64_t>(count);
    }
    Sample& s = out.next();
    s.stream = static_cast<StreamId>(first_ + 2);
    s.seq = loss_seq_++;
    s.t_arrival = arrival;
    s.t_device = c.t_ns;
    s.epoch = epoch_;
    set_value<std::int64_t>(s, 0, static_cast<std::int64_t>(seq_ + 1));
    set_value<std::int64_t>(s, 1, count);
    set_value<std::int64_t>(s, 2, static_cast<std::int64_t>(cause));
    if (count < 0) ++seq_;
  }

  std::uint64_t damage() const noexcept { return parser_.resync_bytes.get(); }

  DeviceSettings settings_;
  StreamId first_;
  CdcAcm port_;
  Parser parser_;
  MipReader reader_;
  std::uint32_t decimation_ = 1;
  double period_ns_ = 1e6;
  std::array<float, 6> full_scale_{};
  std::uint64_t seq_ = 0, loss_seq_ = 0, facts_seq_ = 0, edge_seq_ = 0, last_t_ns_ = 0, last_damage_ = 0;
  TimeNs last_arrival_ = 0;  ///< of that sample
  std::uint16_t epoch_ = 0;
  bool any_ = false, restart_ = false, await_ack_ = false;
  bool ours_ = false;  ///< the serial number is the one asked for: else another's stream goes on
  std::atomic<bool> resume_refused_{false};
  std::atomic<TimeNs> last_sample_{0};
  TimeNs first_check_ = 0, patience_;  ///< silence of that and three messages at a slow rate is a fault
  Counter other_set_{"other_set"}, edge_without_sample_{"edge_without_sample"}, incomplete_packet_{"incomplete_packet"},
      event_packet_{"event_packet"}, reply_in_stream_{"reply_in_stream", Counter::Kind::activity},
      duplicate_time_{"duplicate_time"}, delta_mismatch_{"delta_mismatch"}, samples_lost_{"samples_lost"},
      losses_unknown_{"losses_unknown"}, nan_value_{"nan_value"}, over_range_{"over_range"};
  std::array<const Counter*, 16> all_{&parser_.bad_checksum, &parser_.resync_bytes,  &parser_.abandoned_packet,
                                      &reader_.bad_field,    &reader_.unknown_field, &other_set_,
                                      &edge_without_sample_, &incomplete_packet_,    &event_packet_,
                                      &reply_in_stream_,     &duplicate_time_,       &delta_mismatch_,
                                      &samples_lost_,        &losses_unknown_,       &nan_value_,
                                      &over_range_};
};

UsbMatch match() { return {{{kMicrostrainVendor, 0}, {kStmVendor, 0x5740, "microstrain"}}, true}; }

std::unique_ptr<Driver> make(const DeviceSettings& d, StreamId first) {
  return std::make_unique<MicrostrainMip>(d, first);
}

std::unique_ptr<EmulatedDevice> emulate(const DeviceSettings& d, const Senses& senses) {
  return std::make_unique<MicrostrainMipDevice>(d.emulation, senses.inertial, senses.sync);
}

}  // namespace

extern const DriverEntry microstrain_mip;
const DriverEntry microstrain_mip{"microstrain_mip", match, streams, check_settings, make, emulate};

}  // namespace grfd

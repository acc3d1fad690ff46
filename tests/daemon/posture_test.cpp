// A rig with sensors on pelvis and thighs: its state can be kept in the middle of a repetition and goes on as it was.
#include <boost/test/unit_test.hpp>
#include <cstring>

#include "tests/daemon/rig.hpp"

BOOST_AUTO_TEST_SUITE(posture)

using namespace rig_test;

namespace {

/// What the devices sent, numbered as the engine numbers it.
struct Input final : Outlet {
  std::vector<Sample> samples;
  std::vector<bool> raw;
  void take(std::span<const Sample> batch) noexcept override {
    for (const Sample& s : batch)
      if (raw[s.stream]) samples.push_back(s);
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_state_kept_while_the_pelvis_turns_goes_on_as_it_was) {
  const Settings settings =
      load_config(GRFD_FIXTURES "/pelvis_rig.toml",
                  {"ankle.joint_angles=true", "stimulus.subject.first_descent_s=7", "stimulus.subject.bow_count=0",
                   "stimulus.subject.rest_s=0", "imu.imu_pelvis.axis=given",
                   "imu.imu_pelvis.ml_axis_left=[-0.9709, 0.2213, -0.0920]"});
  Rig rig(settings);
  Input input;
  for (const StreamInfo& info : rig.streams())
    input.raw.push_back(info.name.rfind("raw/", 0) == 0 || info.name == "ticks" || info.name == "commands");
  rig.assembly.engine->add_outlet(input);
  rig.start_all();
  rig.run_until(kStart + 400 * kMs, [&] { rig.assembly.engine->poll(rig.clock.t); });
  BOOST_REQUIRE(rig.assembly.command(rig.clock.t, "tare {\"id\":1,\"plate\":\"all\"}"));
  rig.run_until(kStart + 15'500 * kMs, [&] { rig.assembly.engine->poll(rig.clock.t); });

  const std::span<const Sample> all = input.samples;
  for (const TimeNs cut : {5 * kSecond, 8500 * kMs, 11200 * kMs}) {  // standing; in the first, the second descent
    Assembly first(settings, kStart, 0, true), second(settings, kStart, 0, true);
    const std::size_t at = first_after(input.samples, cut);
    feed(*first.pipeline, all.first(at));
    std::vector<std::byte> state(first.pipeline->state_size());
    first.pipeline->save_state(state);
    BOOST_REQUIRE(second.pipeline->load_state(state));
    const auto one = feed(*first.pipeline, all.subspan(at)), two = feed(*second.pipeline, all.subspan(at));
    BOOST_REQUIRE(one.size() == two.size());
    std::size_t different = 0, posture = 0;
    const StreamId pelvis = rig.streams().id("reps_pelvis");
    for (std::size_t i = 0; i < one.size(); ++i) {
      different += std::memcmp(&one[i], &two[i], sizeof(Sample)) != 0;
      posture += one[i].stream == pelvis && one[i].part == 0;
    }
    BOOST_TEST(different == 0u, "kept at " << seconds(cut) << " s");
    BOOST_TEST(posture >= 1u);
  }
}

BOOST_AUTO_TEST_SUITE_END()

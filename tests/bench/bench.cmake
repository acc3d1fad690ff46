# Programs of tests/bench/run. Not part of `all`: they measure, they do not test.
function(grfd_bench name)
  add_executable(bench_${name} EXCLUDE_FROM_ALL ${CMAKE_CURRENT_SOURCE_DIR}/bench/${name}.cpp ${ARGN})
  target_include_directories(bench_${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_compile_definitions(bench_${name} PRIVATE GRFD_SOURCE="${PROJECT_SOURCE_DIR}")
  target_link_libraries(bench_${name} PRIVATE grfd_daemon)
  set_property(GLOBAL APPEND PROPERTY GRFD_BENCHES bench_${name})
endfunction()

set(rig ${CMAKE_CURRENT_SOURCE_DIR}/bench/rig.cpp)
grfd_bench(ring)
grfd_bench(pipeline ${rig} ${CMAKE_CURRENT_SOURCE_DIR}/bench/stages.cpp)
grfd_bench(wrench)
grfd_bench(journal ${rig})
grfd_bench(latency ${CMAKE_CURRENT_SOURCE_DIR}/bench/subscriber.cpp ${CMAKE_CURRENT_SOURCE_DIR}/bench/crowd.cpp)

get_property(benches GLOBAL PROPERTY GRFD_BENCHES)
add_custom_target(bench DEPENDS ${benches})

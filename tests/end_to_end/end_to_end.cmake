# The real programs. 77: a Python module is missing, the test says which one.
foreach(part run life simulate)
  add_test(NAME end_to_end_${part}
    COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/daemon_test.py ${part} $<TARGET_FILE:grfd> $<TARGET_FILE:grfctl> ${PROJECT_SOURCE_DIR}/config/demo.toml)
  set_tests_properties(end_to_end_${part} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 180)
endforeach()
# Its pauses and deadlines are the clock's: nothing beside it.
set_tests_properties(end_to_end_life PROPERTIES RUN_SERIAL ON)
add_test(NAME end_to_end_two_units
  COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/two_units_test.py $<TARGET_FILE:grfd> ${PROJECT_SOURCE_DIR}/tests/fixtures/two_mcc_units.toml)
set_tests_properties(end_to_end_two_units PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 180)
add_test(NAME end_to_end_warnings
  COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/warnings_test.py $<TARGET_FILE:grfd> $<TARGET_FILE:grfctl> ${PROJECT_SOURCE_DIR}/config/demo.toml)
set_tests_properties(end_to_end_warnings PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 180)
add_test(NAME end_to_end_capture COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/capture_test.py $<TARGET_FILE:grfd> ${PROJECT_SOURCE_DIR}/config/demo.toml)
set_tests_properties(end_to_end_capture PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 120)
add_test(NAME end_to_end_ximu3
  COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/check_ximu3.py --grfd $<TARGET_FILE:grfd>)
set_tests_properties(end_to_end_ximu3 PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 240)
add_test(NAME end_to_end_tap
  COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/tap_test.py $<TARGET_FILE:grfd> $<TARGET_FILE:grfctl> ${PROJECT_SOURCE_DIR}/config/demo.toml)
set_tests_properties(end_to_end_tap PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 120)
add_test(NAME end_to_end_plates COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/plates_test.py $<TARGET_FILE:grfd> ${PROJECT_SOURCE_DIR}/tests/fixtures)
set_tests_properties(end_to_end_plates PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 120)
add_test(NAME end_to_end_calibrate
  COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/calibrate_test.py $<TARGET_FILE:grfd> $<TARGET_FILE:grfctl> ${PROJECT_SOURCE_DIR}/tests/fixtures/pelvis_rig.toml)
set_tests_properties(end_to_end_calibrate PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 180)
add_test(NAME end_to_end_pelvis COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/pelvis_test.py $<TARGET_FILE:grfd> ${PROJECT_SOURCE_DIR}/tests/fixtures)
set_tests_properties(end_to_end_pelvis PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 120)
add_test(NAME end_to_end_ankles
  COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/ankles_test.py $<TARGET_FILE:grfd> $<TARGET_FILE:grfctl> ${PROJECT_SOURCE_DIR}/tests/fixtures)
set_tests_properties(end_to_end_ankles PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 120)
add_test(NAME end_to_end_lunge
  COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/lunge_test.py $<TARGET_FILE:grfd> $<TARGET_FILE:grfctl> ${PROJECT_SOURCE_DIR}/config/demo.toml)
set_tests_properties(end_to_end_lunge PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 180)
add_test(NAME end_to_end_zero_phase
  COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/zero_phase_test.py $<TARGET_FILE:grfd> ${PROJECT_SOURCE_DIR}/tests/fixtures/rig_recording.toml ${PROJECT_SOURCE_DIR}/config/demo.toml)
set_tests_properties(end_to_end_zero_phase PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 120)

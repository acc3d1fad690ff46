# The big end-to-end proofs, in a form short enough for every day; without --rounds and --short they are the long ones.
set(proof_python /usr/bin/python3 -B)
set(proofs end_to_end_kill end_to_end_recordings end_to_end_equal)
add_test(NAME end_to_end_kill
  COMMAND ${proof_python} ${CMAKE_CURRENT_LIST_DIR}/kill_daemon.py --grfd $<TARGET_FILE:grfd> --rounds 4)
add_test(NAME end_to_end_recordings
  COMMAND ${proof_python} ${CMAKE_CURRENT_LIST_DIR}/check_recordings.py --grfd $<TARGET_FILE:grfd> --short)
add_test(NAME end_to_end_equal
  COMMAND ${proof_python} ${CMAKE_CURRENT_LIST_DIR}/check_equal.py --grfd $<TARGET_FILE:grfd> --short)
if(NOT GRFD_SANITIZE)  # a sanitizer wants to be the first library itself
  add_library(slow_sync MODULE ${CMAKE_CURRENT_LIST_DIR}/slow_sync.cpp)
  target_link_libraries(slow_sync PRIVATE ${CMAKE_DL_LIBS})
  add_test(NAME end_to_end_kill_slow_disk
    COMMAND ${proof_python} ${CMAKE_CURRENT_LIST_DIR}/kill_daemon.py --grfd $<TARGET_FILE:grfd> --rounds 4 --slow-sync $<TARGET_FILE:slow_sync>)
  list(APPEND proofs end_to_end_kill_slow_disk)
endif()
set_tests_properties(${proofs} PROPERTIES TIMEOUT 240 SKIP_RETURN_CODE 77 RUN_SERIAL TRUE)

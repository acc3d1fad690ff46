# The big end-to-end proofs, in a form short enough for every day; without --rounds and --short they are the long ones.
set(python /usr/bin/python3 CACHE FILEPATH "Python 3 with numpy, h5py and zmq, for the end-to-end tests")
add_test(NAME end_to_end_kill COMMAND ${python} ${CMAKE_CURRENT_LIST_DIR}/kill_daemon.py --grfd $<TARGET_FILE:grfd> --rounds 4)
add_test(NAME end_to_end_recordings COMMAND ${python} ${CMAKE_CURRENT_LIST_DIR}/check_recordings.py --grfd $<TARGET_FILE:grfd> --short)
add_test(NAME end_to_end_equal COMMAND ${python} ${CMAKE_CURRENT_LIST_DIR}/check_equal.py --grfd $<TARGET_FILE:grfd> --short)
set_tests_properties(end_to_end_kill end_to_end_recordings end_to_end_equal PROPERTIES
  TIMEOUT 180 SKIP_RETURN_CODE 77 ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)

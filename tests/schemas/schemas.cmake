# Documents, schemas and the running daemon against each other.
add_test(NAME rooms COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/schemas/rooms_test.py ${PROJECT_SOURCE_DIR})
add_test(NAME contracts COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/schemas/contracts_test.py $<TARGET_FILE:grfd> ${PROJECT_SOURCE_DIR})
set_tests_properties(contracts PROPERTIES SKIP_RETURN_CODE 77 RESOURCE_LOCK live_daemon TIMEOUT 120)

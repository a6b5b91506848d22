# In the .out file <seconds> stands for a time with two decimals.
execute_process(COMMAND ${program} OUTPUT_VARIABLE printed RESULT_VARIABLE result)
string(REGEX REPLACE "[0-9]+\\.[0-9][0-9] s" "<seconds> s" printed "${printed}")
file(READ ${expected} wanted)
if(NOT result EQUAL 0 OR NOT printed STREQUAL wanted)
  message(FATAL_ERROR "exit ${result}\n--- printed\n${printed}--- wanted\n${wanted}")
endif()

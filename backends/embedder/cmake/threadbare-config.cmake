# Threadbare for CMake: the target `threadbare::threadbare`, with the headers for C and C++, built by cargo.
#
#   find_package(threadbare CONFIG REQUIRED)         with threadbare_DIR set to this folder, or
#   add_subdirectory(<threadbare>/backends/embedder/cmake threadbare), or FetchContent with that as SOURCE_SUBDIR
#
# Debug configurations get cargo's `dev` profile, in which handles are checked, all others `release`.
#
#   THREADBARE_CHECKED    ON: handles are checked in every configuration
#   THREADBARE_SHARED     ON: the shared library instead of the static one
#   THREADBARE_TARGET     Rust's name of the target, when cross-compiling
#   THREADBARE_CARGO_ARGS more arguments for cargo, a list
#   THREADBARE_LIBRARY    a library that was built already: cargo is not called
#   THREADBARE_IMPLIB     its import library, if it is a DLL
include_guard(GLOBAL)

option(THREADBARE_CHECKED "Look handles up before they are used" OFF)
option(THREADBARE_SHARED "Link the shared library" OFF)
set(THREADBARE_TARGET "" CACHE STRING "Rust's name of the target")
set(THREADBARE_CARGO_ARGS "" CACHE STRING "More arguments for cargo")
set(THREADBARE_LIBRARY "" CACHE FILEPATH "A library that was built already")
set(THREADBARE_IMPLIB "" CACHE FILEPATH "The import library of one that was built already")

get_filename_component(_threadbare_crate "${CMAKE_CURRENT_LIST_DIR}/.." ABSOLUTE)
if(THREADBARE_SHARED)
  set(_threadbare_kind SHARED)
  set(_threadbare_crate_type cdylib)
else()
  set(_threadbare_kind STATIC)
  set(_threadbare_crate_type staticlib)
endif()

add_library(threadbare::threadbare ${_threadbare_kind} IMPORTED GLOBAL)
target_include_directories(threadbare::threadbare INTERFACE "${_threadbare_crate}/include")
if(THREADBARE_SHARED)
  # Cargo gives it no soname: without this a program would look for it by the path that it was linked by.
  set_target_properties(threadbare::threadbare PROPERTIES IMPORTED_NO_SONAME ON)
endif()

if(THREADBARE_LIBRARY)
  set_target_properties(threadbare::threadbare PROPERTIES IMPORTED_LOCATION "${THREADBARE_LIBRARY}")
  if(THREADBARE_IMPLIB)
    set_target_properties(threadbare::threadbare PROPERTIES IMPORTED_IMPLIB "${THREADBARE_IMPLIB}")
  endif()
else()
  find_program(THREADBARE_CARGO cargo HINTS "$ENV{CARGO_HOME}/bin" "$ENV{HOME}/.cargo/bin" REQUIRED)
  set(_threadbare_target_dir "${CMAKE_BINARY_DIR}/threadbare-target")
  set(_threadbare_name "${CMAKE_${_threadbare_kind}_LIBRARY_PREFIX}threadbare_embedder${CMAKE_${_threadbare_kind}_LIBRARY_SUFFIX}")
  if(WIN32 AND THREADBARE_SHARED) # named by rustc, not as CMake would name them
    set(_threadbare_name threadbare_embedder.dll)
    set(_threadbare_implib threadbare_embedder.dll.lib)
    if(MINGW)
      set(_threadbare_implib libthreadbare_embedder.dll.a)
    endif()
  endif()
  set(_threadbare_args --package threadbare-embedder --lib --crate-type ${_threadbare_crate_type})
  set(_threadbare_out "${_threadbare_target_dir}")
  if(THREADBARE_TARGET)
    list(APPEND _threadbare_args --target ${THREADBARE_TARGET})
    set(_threadbare_out "${_threadbare_out}/${THREADBARE_TARGET}")
  endif()
  if(THREADBARE_CHECKED)
    list(APPEND _threadbare_args --features checked)
  endif()
  set(_threadbare_files ${_threadbare_name} ${_threadbare_implib})
  list(TRANSFORM _threadbare_files PREPEND "${_threadbare_out}/release/" OUTPUT_VARIABLE _threadbare_made)
  list(TRANSFORM _threadbare_files PREPEND "${_threadbare_out}/debug/")
  list(APPEND _threadbare_made ${_threadbare_files})
  # Always asked: cargo knows best what has changed, and is quick to say that nothing has.
  add_custom_target(threadbare-cargo
    COMMAND "${CMAKE_COMMAND}" -E env --unset=CARGO_BUILD_TARGET "${THREADBARE_CARGO}" rustc --locked --quiet --manifest-path "${_threadbare_crate}/Cargo.toml"
      --target-dir "${_threadbare_target_dir}" --profile $<IF:$<CONFIG:Debug>,dev,release>
      ${_threadbare_args} ${THREADBARE_CARGO_ARGS}
    BYPRODUCTS ${_threadbare_made}
    COMMENT "Building threadbare"
    VERBATIM)
  set_target_properties(threadbare::threadbare PROPERTIES
    IMPORTED_LOCATION "${_threadbare_out}/release/${_threadbare_name}"
    IMPORTED_LOCATION_DEBUG "${_threadbare_out}/debug/${_threadbare_name}")
  if(_threadbare_implib)
    set_target_properties(threadbare::threadbare PROPERTIES
      IMPORTED_IMPLIB "${_threadbare_out}/release/${_threadbare_implib}"
      IMPORTED_IMPLIB_DEBUG "${_threadbare_out}/debug/${_threadbare_implib}")
  endif()
  add_dependencies(threadbare::threadbare threadbare-cargo)
endif()

# What Rust's standard library wants of the system. Without the linker dropping what is not used, a program has all of it.
if(NOT THREADBARE_SHARED)
  if(APPLE)
    target_link_options(threadbare::threadbare INTERFACE -Wl,-dead_strip)
  elseif(UNIX)
    target_link_options(threadbare::threadbare INTERFACE -Wl,--gc-sections)
  endif()
  if(WIN32)
    target_link_libraries(threadbare::threadbare INTERFACE kernel32 ntdll userenv ws2_32 dbghelp)
  elseif(UNIX)
    find_package(Threads REQUIRED)
    target_link_libraries(threadbare::threadbare INTERFACE Threads::Threads ${CMAKE_DL_LIBS} m)
  endif()
endif()

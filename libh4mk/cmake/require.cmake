# h4mk_require(<found> <what> <debian package>): stops with one sentence if a dependency was not found.
function(h4mk_require found what package)
  if(NOT found)
    message(FATAL_ERROR "${what} was not found; on Debian: apt-get install ${package}")
  endif()
endfunction()

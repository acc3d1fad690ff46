function v = h5readatt(file, place, name)
% Stand-in for MATLAB's h5readatt.
  v = through_h5py(file, place, name);
end

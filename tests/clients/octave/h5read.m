function v = h5read(file, place)
% Stand-in for MATLAB's h5read: matrices with their dimensions reversed, texts of fixed length as a cell column.
  v = through_h5py(file, place, '');
end

function v = through_h5py(file, place, name)
  script = fullfile(fileparts(mfilename('fullpath')), 'h5_to_mat.py');
  out = [tempname() '.mat'];
  [code, said] = system(sprintf('/usr/bin/python3 -B %s %s %s "%s" %s', script, file, place, name, out));
  if code ~= 0
    error('%s', said);
  end
  v = load(out).v;
  delete(out);
end

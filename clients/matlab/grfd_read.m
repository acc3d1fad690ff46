function s = grfd_read(file, stream, align)
% GRFD_READ  One numeric stream of a grfd recording (schemas/recording.md).
%   s = grfd_read('squat.h5', 'ankle/left')        as recorded
%   s = grfd_read('squat.h5', 'ankle/left', true)  every value at the time of its row, delays of filters taken off
%
%   s.t        seconds since the session's start, rows x 1; NaN before the device's clock was mapped
%   s.values   rows x columns, double; NaN: not known
%   s.columns, s.units, s.delay_s, s.skew_s   one entry per column
%   s.flags, s.seq, s.flag_names              bit i (from 0) of flags is named by flag_names{i + 1}
%   s.<column>  each column by its name, rows x 1
  if nargin < 3
    align = false;
  end
  place = ['/streams/' stream];
  s.t = column(h5read(file, [place '/t']));
  s.flags = column(h5read(file, [place '/flags']));
  s.seq = column(h5read(file, [place '/seq']));
  s.columns = texts(h5read(file, [place '/columns']));
  s.units = texts(h5read(file, [place '/units']));
  s.delay_s = reshape(double(h5readatt(file, place, 'delay_s')), 1, []);
  s.skew_s = reshape(double(h5readatt(file, place, 'skew_s')), 1, []);
  s.flag_names = texts(h5readatt(file, place, 'flag_names'));
  % HDF5 says (time, column); h5read shows it as column x time
  s.values = reshape(double(h5read(file, [place '/values'])), numel(s.columns), [])';
  if size(s.values, 1) ~= numel(s.t)
    error('grfd:shape', '%s: %d times and %d rows', stream, numel(s.t), size(s.values, 1));
  end
  if align
    for i = find(s.delay_s ~= s.skew_s)
      s.values(:, i) = interp1(s.t, s.values(:, i), s.t + s.delay_s(i) - s.skew_s(i));
    end
  end
  for i = 1:numel(s.columns)
    if ~isfield(s, s.columns{i})
      s.(s.columns{i}) = s.values(:, i);
    end
  end
end

function v = column(v)
  v = v(:);
end

function c = texts(x)
% h5read gives texts of fixed length as cells, strings or characters, depending on the release
  c = regexprep(cellstr(x), '\0+$', '');
  c = reshape(c, 1, []);
end

% grfd_read and grfd_rows in GNU Octave. Arguments: FILE.h5 FIXTURES expected.mat (written by matlab_test.py with h5py alone)
1;
function yes = isequaln_(a, b)
  yes = all((a(:) == b(:)) | (isnan(a(:)) & isnan(b(:))));
end
function x = pick(list, k)
  if iscell(list), x = list{k}; else, x = list(k); end
end
arguments = argv();
file = arguments{end - 2};  fixtures = arguments{end - 1};
want = load(arguments{end});
same = @(a, b) isequal(size(a), size(b)) && isequaln_(a, b);

s = grfd_read(file, 'ankle/left');
assert(same(s.t, want.t(:)) && same(s.values, double(want.values)))
assert(same(s.dorsiflexion_rate, double(want.values(:, 2))))
assert(isequal(s.columns{2}, 'dorsiflexion_rate') && isequal(s.units{2}, 'deg/s') && isequal(s.units{1}, 'deg'))
assert(isequal(class(s.flags), 'uint16') && isequal(s.flags, want.flags(:)) && isequal(s.flag_names{4}, 'invalid'))
bad = bitand(s.flags, 8) > 0;
assert(isequal(bad, any(isnan(s.values), 2)) && any(bad) && ~all(bad))

truth = grfd_read(file, 'truth/ankle/left');
aligned = grfd_read(file, 'ankle/left', true);
[~, a, b] = intersect(round(aligned.t * 1000), round(truth.t * 1000));
late = s.t(a) > 6;
error_of = @(x) sqrt(mean((x(~isnan(x))) .^ 2));
before = error_of(s.dorsiflexion_rate(a(late)) - truth.dorsiflexion_rate(b(late)));
after = error_of(aligned.dorsiflexion_rate(a(late)) - truth.dorsiflexion_rate(b(late)));
printf('rate against the truth: %.2f deg/s RMS as recorded, %.2f deg/s with the delays removed\n', before, after);
assert(after < 0.25 * before && after < 0.5)
reps = grfd_read(file, 'reps/left');
assert(abs(mean(reps.rate_fit) - 30) < 0.5)

golden = jsondecode(fileread([fixtures '/feed_golden.json']));
handle = fopen([fixtures '/feed_golden.bin']);  bytes = fread(handle, Inf, '*uint8');  fclose(handle);
count = 0;
for i = 1:numel(golden.streams)
  one = golden.streams(i);
  rows = grfd_rows(one.info, bytes(one.offset + (1:one.bytes)));
  for k = 1:numel(one.rows)
    expected = pick(one.rows, k);
    assert(double(rows.t_ns(k)) == expected.t_ns && double(rows.seq(k)) == expected.seq)
    assert(rows.flags(k) == expected.flags && rows.epoch(k) == expected.epoch)
    if strcmp(one.info.type, 'text')
      assert(isequal(rows.text{k}, expected.text) || (isempty(rows.text{k}) && isempty(expected.text)))
    else  % Octave's jsondecode reads decimal numbers to a few units in the last place, and has doubles only
      v = double(rows.values(k, :));  w = reshape(expected.values, 1, []);
      if strcmp(one.info.type, 'f32'), w = double(single(w)); end
      close_to = abs(v - w) <= 4 * eps(abs(w));
      assert(isequal(isnan(v), isnan(w)) && all(close_to | isnan(v)))
    end
    count = count + 1;
  end
end
assert(count == 18)
printf('octave: %d golden rows as C++ wrote them\nall good\n', count);

function rows = grfd_rows(info, bytes)
% GRFD_ROWS  The rows of one message of the live feed (schemas/feed.md, "A row").
%   info   the field `info` of the stream's info message, from jsondecode
%   bytes  frame 3 as uint8
%   rows.t_ns (int64), .seq (uint64), .flags (uint16), .epoch (uint16)   rows x 1
%   rows.values   rows x columns in the stream's own class; text streams: rows.text, a cell of characters
  classes = struct('f32', 'single', 'f64', 'double', 'i32', 'int32', 'i64', 'int64');
  bytes = reshape(uint8(bytes), 1, []);
  if strcmp(info.type, 'text')
    rows = text_rows(bytes);
    return
  end
  kind = classes.(info.type);
  width = numel(typecast(cast(0, kind), 'uint8'));
  size_of_row = 24 + width * numel(info.columns);
  if mod(numel(bytes), size_of_row) ~= 0
    error('grfd:bytes', 'stream %s: %d bytes are not whole rows of %d bytes', info.name, numel(bytes), size_of_row);
  end
  table = reshape(bytes, size_of_row, []);
  part = @(from, to, class) reshape(typecast(reshape(table(from:to, :), 1, []), class), [], size(table, 2))';
  rows.t_ns = part(1, 8, 'int64');
  rows.seq = part(9, 16, 'uint64');
  rows.flags = part(17, 18, 'uint16');
  rows.epoch = part(19, 20, 'uint16');
  rows.values = part(25, size_of_row, kind);
end

function rows = text_rows(bytes)
  rows = struct('t_ns', zeros(0, 1, 'int64'), 'seq', zeros(0, 1, 'uint64'), 'flags', zeros(0, 1, 'uint16'), 'epoch', zeros(0, 1, 'uint16'), 'text', {{}});
  at = 0;
  while at < numel(bytes)
    rows.t_ns(end + 1, 1) = typecast(bytes(at + (1:8)), 'int64');
    rows.seq(end + 1, 1) = typecast(bytes(at + (9:16)), 'uint64');
    rows.flags(end + 1, 1) = typecast(bytes(at + (17:18)), 'uint16');
    rows.epoch(end + 1, 1) = typecast(bytes(at + (19:20)), 'uint16');
    length = double(typecast(bytes(at + (21:24)), 'uint32'));
    rows.text{end + 1, 1} = native2unicode(bytes(at + 24 + (1:length)), 'UTF-8');
    at = at + 24 + 8 * ceil(length / 8);
  end
end

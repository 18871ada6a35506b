% What Octave's package netcdf sees of a dataset, in the plain form that told.py reads: URL and FILE in the environment.
1;
pkg load netcdf

function integer_out(out, n)
  fwrite(out, n, "int32");
end

function text_out(out, text)
  integer_out(out, numel(text));
  fwrite(out, text, "uint8");
end

function values_out(out, values)
  if (ischar(values))
    text_out(out, "text");
    integer_out(out, 1);
    text_out(out, values(:));
  else
    text_out(out, class(values));
    integer_out(out, numel(values));
    fwrite(out, double(values(:)), "double");
  end
end

function attributes_out(out, id, variable, count)
  integer_out(out, count);
  for position = 0:count - 1
    name = netcdf_inqAttName(id, variable, position);
    text_out(out, name);
    values_out(out, netcdf_getAtt(id, variable, name));
  end
end

function variable_out(out, id, variable)
  [name, type, dims, count] = netcdf_inqVar(id, variable);
  text_out(out, name);
  integer_out(out, numel(dims));
  % Octave has the fastest dimension first.
  for dim = fliplr(reshape(dims, 1, []))
    [dim_name, len] = netcdf_inqDim(id, dim);
    text_out(out, dim_name);
    integer_out(out, len);
  end
  attributes_out(out, id, variable, count);
  values_out(out, netcdf_getVar(id, variable));
end

out = fopen(getenv("FILE"), "wb");
id = netcdf_open(getenv("URL"), "NC_NOWRITE");
[dims, variables, attributes, unlimited] = netcdf_inq(id);
integer_out(out, variables);
for variable = 0:variables - 1
  variable_out(out, id, variable);
end
attributes_out(out, id, netcdf_getConstant("NC_GLOBAL"), attributes);
integer_out(out, unlimited >= 0);
if (unlimited >= 0)
  text_out(out, netcdf_inqDim(id, unlimited));
end
fclose(out);
netcdf_close(id);

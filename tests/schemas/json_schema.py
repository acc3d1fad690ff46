"""As much of JSON Schema as the published schemas use; any other keyword is an error, so that nothing is silently unchecked."""
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
NOTES = {"$schema", "$defs", "title", "description", "default"}
KEYWORDS = {"$ref", "oneOf", "type", "const", "enum", "required", "properties", "additionalProperties", "items", "minItems", "maxItems",
            "minLength", "maxLength", "minimum", "maximum"}


def is_type(value, name):
    if name == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def errors(value, schema, root, at="$"):
    """What is wrong with the value, one sentence each."""
    if isinstance(schema, bool):
        return [] if schema else [f"{at} must not be there"]
    unknown = set(schema) - KEYWORDS - NOTES
    if unknown:
        raise ValueError(f"schema at {at}: this checker does not know {sorted(unknown)}")
    if "$ref" in schema:
        target = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return errors(value, target, root, at)
    found = []
    if "oneOf" in schema:
        tried = [errors(value, option, root, at) for option in schema["oneOf"]]
        if sum(not t for t in tried) != 1:
            found.append(f"{at} fits {sum(not t for t in tried)} of {len(tried)} forms: {min(tried, key=len)}")
    if "type" in schema:
        names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if not any(is_type(value, n) for n in names):
            return found + [f"{at} is {type(value).__name__}, not {' or '.join(names)}"]
    if "const" in schema and (value != schema["const"] or type(value) is not type(schema["const"])):
        found.append(f"{at} is {value!r}, not {schema['const']!r}")
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{at} is {value!r}, not one of {schema['enum']}")
    if isinstance(value, dict):
        found += [f"{at}.{key} is missing" for key in schema.get("required", []) if key not in value]
        known = schema.get("properties", {})
        for key, item in value.items():
            found += errors(item, known.get(key, schema.get("additionalProperties", True)), root, f"{at}.{key}")
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            found.append(f"{at} has {len(value)} items")
        for i, item in enumerate(value):
            found += errors(item, schema.get("items", True), root, f"{at}[{i}]")
    if isinstance(value, str) and not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
        found.append(f"{at} has {len(value)} characters")
    if is_type(value, "number") and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        found.append(f"{at} is {value}")
    return found

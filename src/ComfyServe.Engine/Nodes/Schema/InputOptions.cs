using System.Text.Json.Nodes;

namespace ComfyServe.Engine.Nodes.Schema;

/// <summary>The options object of an input.</summary>
internal static class InputOptions
{
    /// <summary>Reads the options that are set.</summary>
    public static JsonObject Read(InputAttribute? attribute, string type, NodeSchema schema)
    {
        var options = new JsonObject();
        if (attribute is not null)
        {
            Add(options, "default", attribute.Default);
            Add(options, "min", attribute.Min);
            Add(options, "max", attribute.Max);
            Add(options, "step", attribute.Step);
            Add(options, "round", attribute.Round);
            Add(options, "display", attribute.Display);
            Add(options, "tooltip", attribute.Tooltip);
            foreach (var (name, value) in attribute.Flags)
            {
                options[name] = value;
            }

            AddJson(options, attribute.Json);
        }

        if (schema == NodeSchema.V3 && type == "STRING")
        {
            options.TryAdd("multiline", JsonValue.Create(false));
        }

        return options;
    }

    private static void Add(JsonObject options, string name, object? value)
    {
        if (value is not null)
        {
            options[name] = Literal(value);
        }
    }

    private static void AddJson(JsonObject options, string? json)
    {
        if (json is null)
        {
            return;
        }

        foreach (var (name, value) in JsonNode.Parse(json)!.AsObject())
        {
            options[name] = value?.DeepClone();
        }
    }

    private static JsonValue Literal(object value) => value switch
    {
        int i => JsonValue.Create(i),
        long l => JsonValue.Create(l),
        ulong u => JsonValue.Create(u),
        double d => JsonValue.Create(d),
        bool b => JsonValue.Create(b),
        string s => JsonValue.Create(s),
        _ => throw new InvalidOperationException($"'{value}' ({value.GetType()}) is no option value: use int, long, ulong, double, bool or string"),
    };
}

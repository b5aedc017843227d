using System.Reflection;
using System.Text.Json.Nodes;
using ComfyServe.Engine.Folders;

namespace ComfyServe.Engine.Nodes.Schema;

/// <summary>Writes the <c>/object_info</c> entry of a node.</summary>
internal static class ObjectInfo
{
    private static readonly string[] Sections = ["required", "optional", "hidden"];

    /// <summary>The entry; file lists are read now.</summary>
    public static JsonObject Describe(NodeDescriptor node, EngineFolders folders)
    {
        var isV3 = node.Schema == NodeSchema.V3;
        var input = new JsonObject();
        var order = new JsonObject();
        foreach (var section in Sections)
        {
            var members = node.Inputs.Where(i => SectionOf(i) == section).ToList();
            if (members.Count > 0 || section == "required")
            {
                input[section] = new JsonObject(members.Select(i => KeyValuePair.Create(i.Name, Entry(i, isV3, folders))));
                order[section] = Strings(members.Select(i => i.Name));
            }
        }

        var entry = new JsonObject
        {
            ["input"] = input,
            ["input_order"] = order,
            ["output"] = Strings(node.Outputs.Select(o => o.Type)),
            ["output_is_list"] = new JsonArray([.. node.Outputs.Select(o => JsonValue.Create(o.IsList))]),
            ["output_name"] = Strings(node.Outputs.Select(o => o.Name)),
        };
        AddFlags(entry, node, isV3);
        return entry;
    }

    /// <summary>An input's <c>[type, options]</c>.</summary>
    public static JsonArray Config(NodeInput input, bool isV3, EngineFolders folders)
    {
        var options = input.Options.DeepClone().AsObject();
        if (input.Choices is null)
        {
            return [input.Type, options];
        }

        var choices = Strings(input.Choices(folders));
        if (!isV3 && !input.IsNamedCombo)
        {
            return [choices, options];
        }

        if (isV3)
        {
            options["multiselect"] = false;
        }

        options["options"] = choices;
        return [input.Type, options];
    }

    private static string SectionOf(NodeInput input) =>
        input.Hidden is not null ? "hidden" : input.IsOptional ? "optional" : "required";

    private static JsonNode? Entry(NodeInput input, bool isV3, EngineFolders folders)
    {
        if (input.Hidden is not null)
        {
            return isV3 ? new JsonArray(input.Type) : JsonValue.Create(input.Type);
        }

        var config = Config(input, isV3, folders);
        if (!isV3 && input.Options.Count == 0 && !input.HasOptionsObject)
        {
            config.RemoveAt(1);
        }

        return config;
    }

    private static void AddFlags(JsonObject entry, NodeDescriptor node, bool isV3)
    {
        // A class of ComfyUI may inherit more of them than it has outputs.
        var given = node.Method.GetCustomAttribute<OutputsAttribute>()?.Tooltips ?? [];
        var tooltips = Strings(node.Outputs.Select(o => o.Tooltip).Concat(given.Skip(node.Outputs.Count)));
        if (isV3)
        {
            entry["output_tooltips"] = tooltips;
        }

        entry["name"] = node.Name;
        entry["display_name"] = node.Node.Display ?? (isV3 ? null : node.Name);
        entry["description"] = node.Node.Description;
        entry["python_module"] = node.Module;
        entry["category"] = node.Node.Category;
        entry["output_node"] = node.Node.IsOutput;
        if (!isV3 && node.Outputs.Any(o => o.Tooltip is not null))
        {
            entry["output_tooltips"] = tooltips;
        }

        if (isV3 || node.Node.Deprecated)
        {
            entry["deprecated"] = node.Node.Deprecated;
        }

        if (isV3 || node.Node.Experimental)
        {
            entry["experimental"] = node.Node.Experimental;
        }

        if (isV3)
        {
            entry["api_node"] = false;
        }
    }

    private static JsonArray Strings(IEnumerable<string?> values) => new([.. values.Select(v => JsonValue.Create(v))]);
}

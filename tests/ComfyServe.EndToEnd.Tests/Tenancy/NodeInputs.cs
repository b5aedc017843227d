using System.Text.Json;
using System.Text.Json.Nodes;

namespace ComfyServe.EndToEnd.Tests.Tenancy;

/// <summary>Workflows around one node, made from how the engine describes it: whatever node there is can be tried.</summary>
internal static class NodeInputs
{
    /// <summary>A workflow that runs a node; null where it wants something that nobody here makes.</summary>
    /// <param name="nodes">The engine's nodes.</param>
    /// <param name="type">The node's class.</param>
    /// <param name="input">The input in question.</param>
    /// <param name="value">What it gets.</param>
    public static JsonObject? Around(JsonObject nodes, string type, string input, JsonNode value)
    {
        var workflow = new JsonObject
        {
            ["image"] = Node("EmptyImage", new() { ["width"] = 8, ["height"] = 8, ["batch_size"] = 1, ["color"] = 0 }),
            ["latent"] = Node("EmptyLatentImage", new() { ["width"] = 16, ["height"] = 16, ["batch_size"] = 1 }),
            ["mask"] = Node("SolidMask", new() { ["value"] = 1, ["width"] = 8, ["height"] = 8 }),
            ["model"] = Node("CheckpointLoaderSimple", new() { ["ckpt_name"] = "shared.safetensors" }),
        };
        var inputs = new JsonObject();
        foreach (var (name, spec) in nodes[type]!["input"]!["required"] as JsonObject ?? [])
        {
            if (name == input)
            {
                inputs[name] = value.DeepClone();
            }
            else if (Value(spec!.AsArray()) is { } fitting)
            {
                inputs[name] = fitting;
            }
            else
            {
                return null;
            }
        }

        workflow["tried"] = Node(type, inputs);
        if (!(bool)nodes[type]!["output_node"]!)
        {
            workflow["shown"] = Node("PreviewAny", new() { ["source"] = new JsonArray("tried", 0) });
        }

        return workflow;
    }

    private static JsonObject Node(string type, JsonObject inputs) => new() { ["class_type"] = type, ["inputs"] = inputs };

    private static JsonNode? Value(JsonArray spec)
    {
        var options = spec.Count > 1 ? spec[1] as JsonObject : null;
        if (options?["default"] is { } standard)
        {
            return standard.DeepClone();
        }

        return spec[0] is JsonArray choices
            ? choices.FirstOrDefault()?.DeepClone()
            : (spec[0]!.GetValueKind() == JsonValueKind.String ? (string)spec[0]! : "") switch
            {
                "IMAGE" => new JsonArray("image", 0),
                "LATENT" => new JsonArray("latent", 0),
                "MASK" => new JsonArray("mask", 0),
                "MODEL" => new JsonArray("model", 0),
                "CLIP" => new JsonArray("model", 1),
                "VAE" => new JsonArray("model", 2),
                "INT" or "FLOAT" => 1,
                "STRING" => "x",
                "BOOLEAN" => false,
                "COMBO" => (options?["options"] as JsonArray)?.FirstOrDefault()?.DeepClone(),
                _ => null,
            };
    }
}

using ComfyServe.Engine.Nodes.Schema;

namespace ComfyServe.Engine.Nodes.Primitives;

[NodeFamily("comfy_extras.nodes_primitive", Schema = NodeSchema.V3)]
internal static class PrimitiveNodes
{
    private const string Category = "utils/primitive";

    [Node("PrimitiveString", Display = "String", Category = Category)]
    public static string Text(string value) => value;

    [Node("PrimitiveStringMultiline", Display = "String (Multiline)", Category = Category)]
    public static string LongText([Input(Multiline = true)] string value) => value;

    [Node("PrimitiveInt", Display = "Int", Category = Category)]
    public static long Integer([Input(Min = -long.MaxValue, Max = long.MaxValue, ControlAfterGenerate = true)] long value) => value;

    [Node("PrimitiveFloat", Display = "Float", Category = Category)]
    public static double Float([Input(Min = -long.MaxValue, Max = long.MaxValue)] double value) => value;

    [Node("PrimitiveBoolean", Display = "Boolean", Category = Category)]
    public static bool Boolean(bool value) => value;
}

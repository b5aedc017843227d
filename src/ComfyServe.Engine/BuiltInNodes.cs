using ComfyServe.Engine.Nodes.Schema;

namespace ComfyServe.Engine;

/// <summary>The nodes that come with the engine, for programs that read workflows before an engine runs.</summary>
public static class BuiltInNodes
{
    /// <summary>Names of a node's inputs in their order, the optional ones too; none for a class that does not come with the engine.</summary>
    /// <param name="className">The class, as a workflow's <c>class_type</c> names it.</param>
    public static IReadOnlyList<string> InputsOf(string className) =>
        NodeCatalogue.BuiltIn.TryGet(className, out var node) ? [.. node.Inputs.Where(static i => i.Hidden is null).Select(static i => i.Name)] : [];
}

namespace ComfyServe.Engine.Nodes.Schema;

/// <summary>The type string that a class has in workflows: <c>IMAGE</c>, <c>MODEL</c>, <c>SIGMAS</c>…</summary>
/// <param name="name">The type string.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Interface)]
public sealed class NodeTypeAttribute(string name) : Attribute
{
    /// <summary>The type string.</summary>
    public string Name { get; } = name;
}

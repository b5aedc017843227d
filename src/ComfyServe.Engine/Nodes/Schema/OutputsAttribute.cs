namespace ComfyServe.Engine.Nodes.Schema;

/// <summary>Names and help of a node's outputs, where the type string alone does not say enough.</summary>
/// <param name="names">One name for each output.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OutputsAttribute(params string[] names) : Attribute
{
    /// <summary>One name for each output. Empty: the names of the returned tuple's elements, else the types.</summary>
    public IReadOnlyList<string> Names { get; } = names;

    /// <summary>One help text for each output.</summary>
    public string[] Tooltips { get; init; } = [];
}

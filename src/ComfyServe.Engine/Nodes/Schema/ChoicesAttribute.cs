namespace ComfyServe.Engine.Nodes.Schema;

/// <summary>Makes a text input a combo: one of a fixed list. The first value is the default.</summary>
/// <param name="values">The values, in the order that the editor shows.</param>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class ChoicesAttribute(params string[] values) : Attribute
{
    /// <summary>The values, in the order that the editor shows.</summary>
    public IReadOnlyList<string> Values { get; } = values;
}

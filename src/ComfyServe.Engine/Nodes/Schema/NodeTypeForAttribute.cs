namespace ComfyServe.Engine.Nodes.Schema;

/// <summary>
/// The type string of a class that cannot carry <see cref="NodeTypeAttribute"/> itself, because its project knows no
/// nodes: <c>[assembly: NodeTypeFor(typeof(UnetModel), "MODEL")]</c>.
/// </summary>
/// <param name="type">The class.</param>
/// <param name="name">The type string.</param>
[AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
public sealed class NodeTypeForAttribute(Type type, string name) : Attribute
{
    /// <summary>The class.</summary>
    public Type Type { get; } = type;

    /// <summary>The type string.</summary>
    public string Name { get; } = name;
}

namespace ComfyServe.Engine.Nodes.Schema;

/// <summary>
/// Makes a text input a combo whose values are read anew each time: a static method that returns strings and takes
/// nothing or an <see cref="Folders.EngineFolders"/>.
/// </summary>
/// <param name="method">Name of the method; in the node's class, or in <see cref="Source"/>.</param>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class ChoicesFromAttribute(string method) : Attribute
{
    /// <summary>Name of the method.</summary>
    public string Method { get; } = method;

    /// <summary>The class that has the method; absent: the node's own.</summary>
    public Type? Source { get; init; }
}

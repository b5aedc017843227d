namespace ComfyServe.Engine.Nodes.Schema;

/// <summary>Makes a text input a combo of the files of a model folder, read anew each time.</summary>
/// <param name="folder">A key of <c>GET /models</c>, for example <c>checkpoints</c>.</param>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class ModelFilesAttribute(string folder) : Attribute
{
    /// <summary>A key of <c>GET /models</c>.</summary>
    public string Folder { get; } = folder;
}

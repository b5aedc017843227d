using ComfyServe.Diffusion.Checkpoints;

namespace ComfyServe.Engine.Nodes.Models;

/// <summary>Finds and loads checkpoint files for nodes, each once.</summary>
internal static class CheckpointFiles
{
    /// <summary>The networks of a file of a model folder.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="NodeException">The file is corrupt, of an unsupported kind, or lacks the network.</exception>
    public static Checkpoint Load(NodeContext context, string folder, string name, CheckpointParts parts)
    {
        var path = Find(context, folder, name);
        try
        {
            return context.Models.GetOrLoad(
                $"{Identity(path)} {parts} {context.Models.Format}", () => Checkpoint.Load(path, context.Models.Format, parts));
        }
        catch (CheckpointException e)
        {
            throw new NodeException("ValueError", e.Message, e);
        }
    }

    /// <summary>The full path of a file of a model folder.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static string Find(NodeContext context, string folder, string name) =>
        context.Folders.FindModel(folder, name)
        ?? throw new FileNotFoundException($"Model in folder '{folder}' with filename '{name}' not found.");

    /// <summary>What changes when a file is replaced.</summary>
    public static string Identity(string path)
    {
        var file = new FileInfo(path);
        return $"{file.FullName} {file.Length} {file.LastWriteTimeUtc.Ticks}";
    }
}

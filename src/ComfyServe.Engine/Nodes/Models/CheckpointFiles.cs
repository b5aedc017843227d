using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Runtime;

namespace ComfyServe.Engine.Nodes.Models;

/// <summary>Finds and loads checkpoint files for nodes, each once.</summary>
internal static class CheckpointFiles
{
    // Nearly all checkpoints hold float16.
    private const int StoredElementSize = 2;

    /// <summary>The networks of a file of a model folder.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="NodeException">The file is corrupt, of an unsupported kind, or lacks the network.</exception>
    public static Checkpoint Load(NodeContext context, string folder, string name, CheckpointParts parts)
    {
        var path = Find(context, folder, name);
        try
        {
            return context.Models.GetOrLoad(
                $"{Identity(path)} {parts} {context.Models.Format}",
                () => Checkpoint.Load(path, context.Models.Format, parts, context.Models.Verdicts),
                SizeOf(path, context.Models.Format));
        }
        catch (CheckpointException e)
        {
            throw new NodeException("ValueError", Explain(e, path), e);
        }
    }

    /// <summary>ComfyUI's words for the two faults that it explains; ours for the rest.</summary>
    private static string Explain(CheckpointException exception, string path) => exception.Fault switch
    {
        CheckpointFault.HeaderTooLarge =>
            $"Error while deserializing header: HeaderTooLarge\n\nFile path: {path}\n\nThe safetensors file is corrupt or invalid. "
            + "Make sure this is actually a safetensors file and not a ckpt or pt or other filetype.",
        CheckpointFault.WrongLength =>
            $"Error while deserializing header: MetadataIncompleteBuffer\n\nFile path: {path}\n\nThe safetensors file is corrupt/incomplete. "
            + "Check the file size and make sure you have copied/downloaded it correctly.",
        _ => exception.Message,
    };

    /// <summary>The full path of a file of a model folder.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static string Find(NodeContext context, string folder, string name) =>
        context.Folders.FindModel(folder, name)
        ?? throw new FileNotFoundException($"Model in folder '{folder}' with filename '{name}' not found.");

    /// <summary>About how many bytes of memory the weights of a file take.</summary>
    public static long SizeOf(string path, ComputeFormat format) => new FileInfo(path).Length * format.ElementSize / StoredElementSize;

    /// <summary>What changes when a file is replaced.</summary>
    public static string Identity(string path)
    {
        var file = new FileInfo(path);
        return $"{file.FullName} {file.Length} {file.LastWriteTimeUtc.Ticks}";
    }
}

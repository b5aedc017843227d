using System.Text.Json.Nodes;

namespace ComfyServe.Cli.Run;

/// <summary>An input of a workflow that names a file on this machine.</summary>
/// <param name="NodeId">The node.</param>
/// <param name="Inputs">The node's inputs.</param>
/// <param name="Name">Which of them.</param>
/// <param name="Path">The file.</param>
internal sealed record LocalInput(string NodeId, JsonObject Inputs, string Name, string Path)
{
    /// <summary>Replaces the name by the file's content as a data URI, which a service anywhere can use.</summary>
    public void Inline() => Inputs[Name] = $"data:{MediaType()};base64,{Convert.ToBase64String(File.ReadAllBytes(Path))}";

    private string MediaType() => System.IO.Path.GetExtension(Path).ToLowerInvariant() switch
    {
        ".png" => "image/png",
        ".jpg" or ".jpeg" => "image/jpeg",
        ".webp" => "image/webp",
        ".gif" => "image/gif",
        ".mp4" => "video/mp4",
        ".wav" => "audio/wav",
        ".mp3" => "audio/mpeg",
        ".flac" => "audio/flac",
        _ => "application/octet-stream",
    };
}

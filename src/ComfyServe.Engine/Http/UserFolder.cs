using ComfyServe.Engine.Folders;
using ComfyServe.Hosting.Files;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ComfyServe.Engine.Http;

/// <summary>The one user's folder, <c>user/default</c>, and names from callers below it.</summary>
internal sealed class UserFolder(EngineFolders folders)
{
    /// <summary>The folder.</summary>
    public string Root { get; } = Path.Combine(folders.User, "default");

    /// <summary>The settings of the web front end.</summary>
    public string Settings => Path.Combine(Root, "comfy.settings.json");

    /// <summary>The folder itself or a place below it; null where the name leaves it.</summary>
    public string? Find(string name) => DataFolders.AtOrBelow(Root, name);

    /// <summary>A path as clients write it.</summary>
    public static string Relative(string root, string path) => Path.GetRelativePath(root, path).Replace(Path.DirectorySeparatorChar, '/');

    /// <summary>
    /// A name that is one segment of the request's path, with its slashes escaped. Taken from the path as it was sent:
    /// what the server makes of it no longer tells an escaped slash from an escaped percent sign.
    /// </summary>
    /// <param name="context">The request.</param>
    /// <param name="after">The segment before it.</param>
    public static string Segment(HttpContext context, string after)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var query = target.IndexOf('?', StringComparison.Ordinal);
        var segments = (query < 0 ? target : target[..query]).Split('/');
        var name = Uri.UnescapeDataString(segments.ElementAtOrDefault(Array.IndexOf(segments, after) + 1) ?? "");

        // Some clients escape twice.
        return name.Contains('%') ? Uri.UnescapeDataString(name) : name;
    }

    /// <summary>Writes a file as a whole: a reader never sees half of it.</summary>
    public static async Task WriteAsync(string path, Func<Stream, Task> write)
    {
        var folder = Path.GetDirectoryName(path)!;
        PrivateFiles.CreateFolder(folder);
        var partial = Path.Combine(folder, $".{Guid.NewGuid():N}.tmp");
        try
        {
            await using (var file = PrivateFiles.Write(partial, FileMode.CreateNew))
            {
                await write(file);
            }

            File.Move(partial, path, overwrite: true);
        }
        finally
        {
            File.Delete(partial);
        }
    }
}

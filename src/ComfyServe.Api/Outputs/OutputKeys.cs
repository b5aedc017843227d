using ComfyServe.Api.Jobs;
using ComfyServe.Api.Requests;
using ComfyServe.Jobs;

namespace ComfyServe.Api.Outputs;

/// <summary>
/// Names the objects of a job. With keys on, everything of an owner lies in a folder of its own, and a job that replaces a finished one of its id gets other
/// names than that: who was given a URL of the earlier one is never shown the later one's content. Without keys the template alone names them.
/// </summary>
internal static class OutputKeys
{
    /// <summary>Not allowed in ids, so that no id can look like another one with its mark.</summary>
    private const char Mark = '~';

    /// <summary>One key per file; files of the same name in different folders or nodes get different ones, the same at each try.</summary>
    /// <param name="template">A key with <c>{request_id}</c> and <c>{filename}</c>, and perhaps <c>{node_id}</c> and <c>{date}</c>.</param>
    /// <param name="request">The request.</param>
    /// <param name="files">Its files.</param>
    /// <param name="date">The day of the run.</param>
    public static string[] Of(string template, JobRequest request, IReadOnlyList<OutputRef> files, string date)
    {
        var owner = OwnerFolder.Of(request.Owner);
        var id = owner is null ? request.Id : $"{request.Id}{Mark}{KeyedRandom.Tag(request.RunKey, "object")}";
        var home = (owner is null ? template : $"{owner}/{template}")
            .Replace("{request_id}", id, StringComparison.Ordinal)
            .Replace("{date}", date, StringComparison.Ordinal);
        var keys = new string[files.Count];
        var taken = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < files.Count; i++)
        {
            var node = ObjectKey.Name(files[i].NodeId);
            var name = ObjectKey.Name(files[i].Filename);
            var key = Key(name);
            for (var n = 2; !taken.Add(key); n++)
            {
                key = Key($"{Path.GetFileNameWithoutExtension(name)}_{n}{Path.GetExtension(name)}");
            }

            keys[i] = key;

            string Key(string filename) => home.Replace("{node_id}", node, StringComparison.Ordinal).Replace("{filename}", filename, StringComparison.Ordinal);
        }

        return keys;
    }
}

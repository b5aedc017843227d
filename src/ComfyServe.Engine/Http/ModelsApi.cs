using System.Text.Json.Nodes;
using ComfyServe.Contracts.Engine;
using ComfyServe.Engine.Folders;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ComfyServe.Engine.Http;

/// <summary><c>/models</c>, <c>/embeddings</c> and <c>/view_metadata</c>: the files of the model folders.</summary>
internal sealed class ModelsApi(EngineFolders folders)
{
    private static readonly string[] NotForModels = ["configs", "custom_nodes"];

    /// <summary>Adds the routes.</summary>
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapBoth(HttpMethods.Get, "/models", context => Reply.JsonAsync(context, Strings(folders.ModelFolders.Select(f => f.Name))));
        routes.MapBoth(HttpMethods.Get, "/models/{folder}", ListAsync);
        routes.MapBoth(HttpMethods.Get, "/embeddings", EmbeddingsAsync);
        routes.MapBoth(HttpMethods.Get, "/view_metadata/{folder}", MetadataAsync);
        routes.MapBoth(HttpMethods.Get, "/experiment/models", FoldersAsync);
        routes.MapBoth(HttpMethods.Get, "/experiment/models/{folder}", FilesAsync);
    }

    private Task ListAsync(HttpContext context) =>
        Find(Routes.Segment(context, "folder")) is { } folder
            ? Reply.JsonAsync(context, Strings(folders.ListModels(folder.Name)))
            : Reply.EmptyAsync(context, StatusCodes.Status404NotFound);

    private Task EmbeddingsAsync(HttpContext context) =>
        Reply.JsonAsync(context, Strings(folders.ListModels("embeddings").Select(f => Path.ChangeExtension(f, null))));

    private Task MetadataAsync(HttpContext context)
    {
        var name = Routes.Query(context, "filename");
        var path = name is not null && name.EndsWith(".safetensors", StringComparison.Ordinal) && folders.ModelFolder(Routes.Segment(context, "folder")) is { } folder
            ? folders.FindModel(folder.Name, name)
            : null;
        return path is not null && SafetensorsMetadata.Read(path) is { } metadata
            ? Reply.JsonAsync(context, metadata)
            : Reply.EmptyAsync(context, StatusCodes.Status404NotFound);
    }

    private Task FoldersAsync(HttpContext context) => Reply.JsonAsync(
        context,
        [.. folders.ModelFolders.Where(f => !NotForModels.Contains(f.Name)).Select(f => new ModelFolderEntry(f.Name, f.Paths))],
        EngineJsonContext.Default.IReadOnlyListModelFolderEntry);

    private Task FilesAsync(HttpContext context)
    {
        if (Find(Routes.Segment(context, "folder")) is not { } folder)
        {
            return Reply.EmptyAsync(context, StatusCodes.Status404NotFound);
        }

        var entries = folder.Paths.SelectMany((path, index) => FileTree.List(path).Where(f => Counts(folder, f)).Select(f => Entry(path, f, index)));
        return Reply.JsonAsync(context, [.. entries], EngineJsonContext.Default.IReadOnlyListModelFileEntry);
    }

    private static bool Counts(ModelFolder folder, string file) =>
        folder.Extensions.Count == 0 || folder.Extensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase);

    private static ModelFileEntry Entry(string folder, string name, int index)
    {
        var file = new FileInfo(Path.Combine(folder, name));
        return new ModelFileEntry(name, index, FileTimes.Seconds(file.LastWriteTimeUtc), FileTimes.Seconds(file.CreationTimeUtc), file.Length);
    }

    /// <summary>A folder by its key: the legacy keys are not for callers.</summary>
    private ModelFolder? Find(string name) => folders.ModelFolders.FirstOrDefault(f => f.Name == name);

    private static JsonArray Strings(IEnumerable<string> values) => new([.. values.Select(v => JsonValue.Create(v))]);
}

using System.Text.Json.Nodes;
using ComfyServe.Engine.Folders;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Engine.Queue;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Engine.Http;

/// <summary><c>/object_info</c>: the node classes and their inputs. Lists of files are read on every call.</summary>
internal sealed partial class CatalogueApi(EngineNodes nodes, EngineFolders folders, ILogger<CatalogueApi> logger)
{
    /// <summary>Adds the routes.</summary>
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapBoth(HttpMethods.Get, "/object_info", ListAsync);
        routes.MapBoth(HttpMethods.Get, "/object_info/{class}", ShowAsync);
    }

    private Task ListAsync(HttpContext context) => Reply.JsonAsync(context, Describe(nodes.Catalogue.Nodes));

    private Task ShowAsync(HttpContext context) =>
        Reply.JsonAsync(context, Describe(nodes.Catalogue.TryGet(Routes.Segment(context, "class"), out var node) ? [node] : []));

    private JsonObject Describe(IReadOnlyCollection<NodeDescriptor> descriptors)
    {
        var all = new JsonObject();
        foreach (var node in descriptors)
        {
            try
            {
                all[node.Name] = ObjectInfo.Describe(node, folders);
            }
            catch (Exception e)
            {
                // One broken pack must not hide all other nodes.
                Log.Skipped(logger, e, node.Name);
            }
        }

        return all;
    }

    private static partial class Log
    {
        [LoggerMessage(6211, LogLevel.Error, "node '{Name}' cannot be described and is left out")]
        public static partial void Skipped(ILogger logger, Exception exception, string name);
    }
}

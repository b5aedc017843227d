using System.Reflection;
using ComfyServe.Engine.Execution;
using ComfyServe.Engine.Folders;
using ComfyServe.Engine.Nodes.Packs;
using ComfyServe.Engine.Nodes.Schema;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Engine.Queue;

/// <summary>The node classes of this engine: the built-in ones and those of packs in <c>custom_nodes/</c>. Found at first use,
/// so that the engine listens before.</summary>
internal sealed partial class EngineNodes
{
    private readonly EngineFolders _folders;
    private readonly EngineOptions _options;
    private readonly ILogger<EngineNodes> _logger;
    private readonly Lazy<NodeCatalogue> _catalogue;
    private readonly Lazy<PromptValidator> _validator;

    /// <summary>Nothing is read yet.</summary>
    public EngineNodes(EngineFolders folders, EngineOptions options, ILogger<EngineNodes> logger)
    {
        (_folders, _options, _logger) = (folders, options, logger);
        _catalogue = new Lazy<NodeCatalogue>(Load);
        _validator = new Lazy<PromptValidator>(() => new PromptValidator(Catalogue, folders));
    }

    /// <summary>All node classes.</summary>
    public NodeCatalogue Catalogue => _catalogue.Value;

    /// <summary>Checks prompts against them.</summary>
    public PromptValidator Validator => _validator.Value;

    private NodeCatalogue Load()
    {
        var packs = NodePackContext.Find(_folders.CustomNodes).Select(TryLoad).OfType<Assembly>().ToList();
        return packs.Count + _options.NodePacks.Count == 0
            ? NodeCatalogue.BuiltIn
            : new NodeCatalogue([typeof(NodeCatalogue).Assembly, .. _options.NodePacks, .. packs]);
    }

    private Assembly? TryLoad(string path)
    {
        try
        {
            var pack = NodePackContext.Load(path);

            // A pack that does not fit must not take the others along.
            var nodes = new NodeCatalogue([typeof(NodeCatalogue).Assembly, pack]).Nodes.Count(n => n.Method.DeclaringType!.Assembly == pack);
            Log.Loaded(_logger, nodes, path);
            return pack;
        }
        catch (Exception e) when (e is BadImageFormatException or FileLoadException or FileNotFoundException or InvalidOperationException or ReflectionTypeLoadException
            or TypeLoadException or MissingMemberException or TypeInitializationException or TargetInvocationException)
        {
            Log.Skipped(_logger, path, e.Message);
            return null;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(6101, LogLevel.Information, "{Count} nodes from pack '{Path}'")]
        public static partial void Loaded(ILogger logger, int count, string path);

        [LoggerMessage(6102, LogLevel.Error, "node pack '{Path}' is skipped: {Reason}")]
        public static partial void Skipped(ILogger logger, string path, string reason);
    }
}

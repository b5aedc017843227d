using ComfyServe.Hosting.Outbound;
using ComfyServe.Provisioning.Catalogue;
using ComfyServe.Provisioning.Downloads;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace ComfyServe.Provisioning.Manifest;

/// <summary>
/// Reads a manifest (docs/reference/provisioning.md). Finds all mistakes at once, each with its line; with a mistake nothing is done.
/// </summary>
internal sealed partial class ManifestReader
{
    private const int Longest = 1 << 20;
    private readonly string _source;
    private readonly DataPaths _paths;
    private readonly VariableExpansion _variables;
    private readonly MistakeList _mistakes;
    private readonly Dictionary<string, long> _destinations = new(StringComparer.Ordinal);

    private ManifestReader(string source, DataPaths paths, Func<string, string?> environment)
    {
        _source = source;
        _paths = paths;
        _variables = new VariableExpansion(environment);
        _mistakes = new MistakeList(ShownUrl.Of(source));
    }

    /// <summary>Reads the text of a manifest.</summary>
    /// <param name="text">YAML.</param>
    /// <param name="source">Its URL or path: names what relative sources are relative to, and where mistakes are.</param>
    /// <param name="paths">Where relative destinations are.</param>
    /// <param name="environment">Reads a variable.</param>
    public static ManifestReading Read(string text, string source, DataPaths paths, Func<string, string?> environment)
    {
        var reader = new ManifestReader(source, paths, environment);
        var manifest = reader.Read(text);
        return new ManifestReading(manifest, reader._mistakes.All);
    }

    private ProvisioningManifest Read(string text)
    {
        if (text.Length > Longest)
        {
            _mistakes.Add(0, $"is longer than {Longest} characters; is this the manifest?");
            return ProvisioningManifest.Empty;
        }

        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(text));
        }
        catch (YamlException exception)
        {
            // The parser tells of a tab at the line where the mapping around it began.
            if (FirstTab(text) is { } line)
            {
                _mistakes.Add(line, "indents with a tab; YAML wants spaces");
            }
            else
            {
                _mistakes.Add(exception.Start.Line, $"is not YAML: {exception.InnerException?.Message ?? exception.Message}");
            }

            return ProvisioningManifest.Empty;
        }

        if (stream.Documents.Count == 0)
        {
            return ProvisioningManifest.Empty;
        }

        if (stream.Documents.Count > 1 || stream.Documents[0].RootNode is not YamlMappingNode root)
        {
            _mistakes.Add(1, "must be one mapping with keys such as 'models:' and 'nodes:'");
            return ProvisioningManifest.Empty;
        }

        return Read(new YamlSection(root, "a manifest", _variables, _mistakes));
    }

    /// <summary>The first line that is indented with a tab, from 1; null where none is.</summary>
    private static int? FirstTab(string text)
    {
        var lines = text.Split('\n');
        var index = Array.FindIndex(lines, static l => l.AsSpan(0, l.Length - l.AsSpan().TrimStart().Length).Contains('\t'));
        return index < 0 ? null : index + 1;
    }

    private ProvisioningManifest Read(YamlSection top)
    {
        if (top.Text("version") is not (null or "1"))
        {
            top.Complain("version", $"'version' must be 1, not '{top.Raw("version")}'");
        }

        var environment = ReadEnvironment(top);
        var fetched = Each(top, "models", "a model", ReadModel, (line, name) => ReadModelName(line, name, [])).ToList();
        var written = new List<WrittenFile>();
        foreach (var file in Each<ManifestEntry>(top, "files", "a file", ReadFile))
        {
            if (file is FetchedFile fetch)
            {
                fetched.Add(fetch);
            }
            else
            {
                written.Add((WrittenFile)file);
            }
        }

        var manifest = new ProvisioningManifest
        {
            Environment = environment,
            FetchedFiles = fetched,
            WrittenFiles = written,
            AptPackages = ReadApt(top),
            Repositories = [.. Each(top, "nodes", "a node pack", ReadRepository)],
            Pip = ReadPip(top),
            Workflows = [.. Each(top, "workflows", "a workflow", ReadWorkflow, (line, text) => Workflow(line, text, null, []))],
            Commands = [.. Each(top, "commands", "a command", ReadCommand)],
            Scripts = [.. Each(top, "scripts", "a script", ReadScript, (_, text) => new ScriptEntry(SourcePlace.Resolve(text, _source), null))],
        };
        top.Close();
        return manifest;
    }

    private Dictionary<string, string> ReadEnvironment(YamlSection top)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal);
        if (top.Mapping("env") is not { } mapping)
        {
            return environment;
        }

        foreach (var (key, value) in mapping.Children)
        {
            var line = key.Start.Line;
            if (key is not YamlScalarNode { Value: { Length: > 0 } name } || value is not YamlScalarNode { Value: { } raw } || name.Contains('=', StringComparison.Ordinal))
            {
                _mistakes.Add(line, "'env' must be 'NAME: value' on each line");
                continue;
            }

            environment[name] = _variables.Expand(raw, m => _mistakes.Add(line, $"'{name}': {m}"));
            _variables.Assign(name, environment[name]);
        }

        return environment;
    }

    /// <summary>Reads each entry of a list: a mapping, or a text where there is a short form.</summary>
    private IEnumerable<T> Each<T>(YamlSection top, string key, string what, Func<YamlSection, T?> read, Func<long, string, T?>? fromText = null)
        where T : class
    {
        foreach (var item in top.Items(key))
        {
            var line = item.Start.Line;
            T? entry = null;
            if (item is YamlMappingNode mapping)
            {
                var section = new YamlSection(mapping, what, _variables, _mistakes);
                entry = read(section);
                section.Close();
            }
            else if (item is YamlScalarNode { Value: { Length: > 0 } text } && fromText is not null)
            {
                entry = fromText(line, _variables.Expand(text, m => _mistakes.Add(line, $"'{key}': {m}")));
            }
            else
            {
                _mistakes.Add(line, $"{what} must be a mapping{(fromText is null ? "" : " or a text")}");
            }

            if (entry is not null)
            {
                yield return entry;
            }
        }
    }

    private FetchedFile? ReadModelName(long line, string name, IReadOnlyList<Condition> when)
    {
        if (ModelCatalogue.Find(name) is not { } known)
        {
            _mistakes.Add(line, $"no model '{name}' in the catalogue; give its 'url' and 'to'");
            return null;
        }

        return Claim(line, new FetchedFile(known.Url, Path.Combine(_paths.Models, known.Folder, known.Name)) { Sha256 = known.Sha256, Size = known.Size, When = when });
    }

    private FetchedFile? ReadModel(YamlSection section)
    {
        var when = section.Conditions();
        if (section.Text("name") is { } name)
        {
            return ReadModelName(section.Line, name, when);
        }

        return ReadFetched(section, _paths.Models, when);
    }

    private ManifestEntry? ReadFile(YamlSection section)
    {
        var when = section.Conditions();
        var mode = ReadMode(section);
        var content = section.Text("content");
        if (content is null)
        {
            return ReadFetched(section, _paths.Data, when);
        }

        if (section.Raw("url") is not null)
        {
            section.Complain("url", "a file has a 'url' or a 'content', not both");
        }

        var destination = Destination(section, _paths.Data);
        if (destination?.EndsWith('/') == true)
        {
            section.Complain("to", "'to' must name the file, not a folder");
        }

        return destination is null ? null : Claim(section.Line, new WrittenFile(destination, content, mode) { When = when });
    }

    private FetchedFile? ReadFetched(YamlSection section, string root, IReadOnlyList<Condition> when)
    {
        var url = section.Required("url");
        var destination = Destination(section, root);
        var sha256 = section.Sha256("sha256");
        var size = section.Count("size");
        var web = url is null ? null : SourcePlace.Web(url);
        if (url is not null && web is null)
        {
            section.Complain("url", "'url' must be an http or https URL");
        }

        return web is null || destination is null ? null : Claim(section.Line, new FetchedFile(web, destination) { Sha256 = sha256, Size = size, When = when });
    }

    private static UnixFileMode ReadMode(YamlSection section)
    {
        if (section.Text("mode") is not { } text)
        {
            return UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        }

        if (text.Length is >= 3 and <= 4 && text.All(c => c is >= '0' and <= '7'))
        {
            return (UnixFileMode)Convert.ToInt32(text, 8);
        }

        section.Complain("mode", $"'mode' must be octal such as 0755, not '{section.Raw("mode")}'");
        return default;
    }

    private WorkflowEntry? ReadWorkflow(YamlSection section)
    {
        var from = section.Required("from");
        var name = section.Text("name");
        var when = section.Conditions();
        return from is null ? null : Workflow(section.Line, from, name, when);
    }

    private WorkflowEntry? Workflow(long line, string from, string? name, IReadOnlyList<Condition> when)
    {
        var plain = name is null ? DataPaths.LastName(from) : DestinationName.Safe(name) == name ? name : null;
        if (plain is null)
        {
            _mistakes.Add(line, "a workflow needs a plain file name: give a 'name' such as portrait.json");
            return null;
        }

        plain = plain.EndsWith(".json", StringComparison.OrdinalIgnoreCase) ? plain : plain + ".json";
        return new WorkflowEntry(SourcePlace.Resolve(from, _source), plain) { When = when };
    }

    private static CommandEntry? ReadCommand(YamlSection section)
    {
        // The shell replaces variables itself, and has the manifest's 'env'.
        var run = section.Raw("run");
        var timeout = section.Span("timeout");
        var when = section.Conditions();
        if (run is null)
        {
            section.Complain("run", "a command needs 'run'");
            return null;
        }

        return new CommandEntry(run, timeout) { When = when };
    }

    private ScriptEntry? ReadScript(YamlSection section)
    {
        var from = section.Required("from");
        var sha256 = section.Sha256("sha256");
        var when = section.Conditions();
        return from is null ? null : new ScriptEntry(SourcePlace.Resolve(from, _source), sha256) { When = when };
    }

    private static string? Destination(YamlSection section, string root)
    {
        if (section.Required("to") is not { } to)
        {
            return null;
        }

        var full = DataPaths.Below(root, to);
        if (full is null)
        {
            section.Complain("to", $"'to' leaves '{root}'; give an absolute path where that is meant");
        }

        return full;
    }

    /// <summary>Two entries without conditions must not write the same file.</summary>
    private T Claim<T>(long line, T entry)
        where T : ManifestEntry
    {
        var destination = entry switch
        {
            FetchedFile file => file.Destination,
            WrittenFile file => file.Destination,
            GitEntry repository => repository.Folder,
            _ => null,
        };
        if (destination is null || destination.EndsWith('/') || entry.When.Count > 0)
        {
            return entry;
        }

        if (!_destinations.TryAdd(destination, line))
        {
            _mistakes.Add(line, $"'{destination}' is written by line {_destinations[destination]} already");
        }

        return entry;
    }
}

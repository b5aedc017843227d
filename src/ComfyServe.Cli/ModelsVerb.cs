using System.CommandLine;
using System.Text.Json;
using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Engine.Folders;
using Spectre.Console;

namespace ComfyServe.Cli;

/// <summary><c>comfyserve models</c>: which model files there are, and the reference checkpoint.</summary>
internal static class ModelsVerb
{
    private const long ReferenceBytes = 2_140_000_000;

    public static Command Build()
    {
        var command = Verb.Create("models", "Lists, fetches and makes model files");
        command.Subcommands.Add(BuildList());
        command.Subcommands.Add(BuildSynthesize());
        command.Subcommands.Add(ModelsPull.Build());
        return command;
    }

    private static Command BuildList()
    {
        var data = Options.Data();
        var json = Options.Json();
        var command = Verb.Create("list", "Lists the model files that workflows can name", "comfyserve models list", "comfyserve models list --data ~/ComfyUI --json");
        command.Options.Add(data);
        command.Options.Add(json);
        return command.Does((parsed, _) =>
        {
            var folders = new EngineFolders(DataFolder.Resolve(parsed.GetValue(data)), DataFolder.BuiltInModels());
            var models = Find(folders);
            if (parsed.GetValue(json))
            {
                Console.WriteLine(JsonSerializer.Serialize(new { models }, Output.Json));
            }
            else if (models.Count == 0)
            {
                Console.WriteLine($"no models; put checkpoints into '{Path.Combine(folders.Models, "checkpoints")}'");
            }
            else
            {
                Print(models);
            }

            return Task.FromResult(ExitCodes.Success);
        });
    }

    private static Command BuildSynthesize()
    {
        var path = new Argument<string>("OUT") { Description = "File to write, for example models/checkpoints/reference.safetensors" };
        var command = Verb.Create(
            "synthesize",
            "Writes the reference checkpoint: Stable Diffusion 1.5's shapes with seeded weights (2.1 GB), for exact comparisons",
            "comfyserve models synthesize data/models/checkpoints/v1-5-pruned-emaonly.safetensors");
        command.Arguments.Add(path);
        return command.Does(async (parsed, cancellationToken) =>
        {
            var file = Path.GetFullPath(parsed.GetRequiredValue(path));
            if (Directory.Exists(file))
            {
                throw new UsageException($"'{file}' is a folder; name a file in it");
            }

            OutputPlace.Check(Path.GetDirectoryName(file)!, "OUT", ReferenceBytes);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            await AnsiConsole.Progress().StartAsync(async progress =>
            {
                var bar = progress.AddTask("writing", maxValue: 1);
                await Task.Run(() => ReferenceCheckpoint.Write(file, new Progress<double>(share => bar.Value = share), cancellationToken), cancellationToken);
                bar.Value = 1;
            });
            Console.WriteLine($"{file} ({Output.Size(new FileInfo(file).Length)}, SHA-256 {ReferenceCheckpoint.Sha256})");
            return ExitCodes.Success;
        });
    }

    private static List<ModelEntry> Find(EngineFolders folders) =>
        [.. from folder in folders.ModelFolders
            where folder.Name is not ("custom_nodes" or "configs")
            from name in folders.ListModels(folder.Name)
            let path = folders.FindModel(folder.Name, name)
            where path is not null
            select new ModelEntry(folder.Name, name, new FileInfo(path).Length, path)];

    private static void Print(IReadOnlyList<ModelEntry> models)
    {
        var table = new Table().Border(TableBorder.None).AddColumns("folder", "name", "size", "path");
        foreach (var model in models)
        {
            table.AddRow(Markup.Escape(model.Folder), Markup.Escape(model.Name), Output.Size(model.Size), Markup.Escape(model.Path));
        }

        AnsiConsole.Write(table);
    }

    /// <summary>One model file.</summary>
    private sealed record ModelEntry(string Folder, string Name, long Size, string Path);
}

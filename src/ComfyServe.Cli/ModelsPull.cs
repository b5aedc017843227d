using System.CommandLine;
using System.Security.Cryptography;
using ComfyServe.Hosting.Logging;
using ComfyServe.Provisioning.Catalogue;
using ComfyServe.Provisioning.Downloads;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Cli;

/// <summary><c>comfyserve models pull</c>: fetches one model, of the catalogue or of a URL.</summary>
internal static class ModelsPull
{
    public static Command Build()
    {
        var model = new Argument<string>("NAME|URL") { Description = $"A name of the catalogue ({Names()}), or an http or https URL" };
        var folder = new Option<string>("--to") { Description = "Folder below models/", HelpName = "FOLDER", DefaultValueFactory = _ => "checkpoints" };
        var sha256 = new Option<string?>("--sha256") { Description = "SHA-256 that the file must have", HelpName = "HEX" };
        var trust = new Option<bool>("--trust") { Description = "Take a file whose SHA-256 is not known, and print the one that it has" };
        var data = Options.Data();
        sha256.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is { } hex && (hex.Length != 64 || !hex.All(char.IsAsciiHexDigit)))
            {
                result.AddError("'--sha256' must be 64 hex digits");
            }
        });
        folder.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is { } name && (name.Length == 0 || Path.IsPathRooted(name) || name.Split('/').Contains("..")))
            {
                result.AddError("'--to' must be a folder below models/");
            }
        });
        var command = Verb.Create(
            "pull",
            "Fetches a model, resumes where it was interrupted, and checks its SHA-256",
            "comfyserve models pull sd15",
            "comfyserve models pull https://example.org/style.safetensors --to loras --sha256 0123…");
        command.Arguments.Add(model);
        command.Options.Add(folder);
        command.Options.Add(sha256);
        command.Options.Add(trust);
        command.Options.Add(data);
        return command.Does((parsed, cancellationToken) =>
        {
            var models = Path.Combine(DataFolder.Resolve(parsed.GetValue(data)), "models");
            var request = Request(parsed.GetRequiredValue(model), models, parsed.GetRequiredValue(folder), parsed.GetValue(sha256), parsed.GetValue(trust));
            return PullAsync(request, Path.Combine(models, "..", ".provisioning"), cancellationToken);
        });
    }

    private static string Names() => string.Join(", ", ModelCatalogue.Entries.SelectMany(e => new[] { e.Alias, e.Name }));

    private static DownloadRequest Request(string model, string models, string folder, string? sha256, bool trust)
    {
        if (ModelCatalogue.Find(model) is { } known)
        {
            Console.Error.WriteLine($"{known.Name}: {Output.Size(known.Size)}, licence {known.Licence}");
            return new DownloadRequest(known.Url, Path.Combine(models, known.Folder, known.Name)) { Sha256 = known.Sha256, Size = known.Size };
        }

        if (!WebUrl.TryParse(model, out var url))
        {
            throw new UsageException($"'{model}' is neither in the catalogue ({Names()}) nor an http or https URL");
        }

        if (sha256 is null && !trust)
        {
            throw new UsageException("the SHA-256 of this file is not known; give it with --sha256, or take the file as it is with --trust");
        }

        return new DownloadRequest(url, Path.Combine(models, folder) + "/") { Sha256 = sha256?.ToLowerInvariant() };
    }

    private static async Task<int> PullAsync(DownloadRequest request, string state, CancellationToken cancellationToken)
    {
        using var loggers = LoggerFactory.Create(logging => logging.AddServiceLogging().SetMinimumLevel(LogLevel.Warning));
        using var batch = new DownloadBatch(Path.GetFullPath(state), Environment.GetEnvironmentVariable, new DownloadOptions(), TimeProvider.System, loggers);
        var result = (await DownloadBars.ShowAsync(bars => batch.RunAsync([request], bars, cancellationToken)))[0];
        if (result.Outcome == DownloadOutcome.Failed)
        {
            var code = result.Error is DownloadError.ConnectionLost or DownloadError.ServerFailed ? ExitCodes.Unreachable : ExitCodes.NotRight;
            return Verb.Fail(result.Message ?? $"'{result.Path}' could not be fetched", code);
        }

        var digest = request.Sha256;
        if (digest is null)
        {
            await using var file = File.OpenRead(result.Path!);
            digest = Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken));
        }

        var verdict = result.Verified ? "as wanted" : "not compared with any: keep it for --sha256";
        Console.WriteLine($"{result.Path} ({Output.Size(result.Size)}, {(result.Outcome == DownloadOutcome.AlreadyThere ? "was there" : "fetched")}, SHA-256 {digest}, {verdict})");
        return ExitCodes.Success;
    }
}

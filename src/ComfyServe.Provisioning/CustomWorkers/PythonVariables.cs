using System.Globalization;

namespace ComfyServe.Provisioning.CustomWorkers;

/// <summary>The environment that a Python worker expects: the original start script's variables, with what it would leave out filled in.</summary>
public static class PythonVariables
{
    /// <summary>Where the original's API service logs, and where its ComfyUI worker looks for that log.</summary>
    public const string OriginalLog = "/var/log/portal/api-wrapper.log";

    /// <summary>The variables on top of our own environment.</summary>
    /// <param name="read">Reads a setting; null where there is none.</param>
    /// <param name="commit">The commit of the repository.</param>
    /// <param name="log">The log in which the worker looks for the word that the API service is ready.</param>
    /// <param name="workspace">Folder for what the worker keeps.</param>
    /// <param name="freePort">Gives a port to listen on where WORKER_PORT is 0: Python workers cannot choose one themselves.</param>
    public static IReadOnlyDictionary<string, string> For(Func<string, string?> read, string commit, string log, string workspace, Func<int> freePort)
    {
        ArgumentNullException.ThrowIfNull(read);
        ArgumentNullException.ThrowIfNull(freePort);
        var port = Or("WORKER_PORT", "3000");
        if (port == "0")
        {
            port = freePort().ToString(CultureInfo.InvariantCulture);
        }

        var mapped = $"VAST_TCP_PORT_{port}";
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["CONTAINER_ID"] = Or("CONTAINER_ID", ""),
            ["MASTER_TOKEN"] = Or("MASTER_TOKEN", ""),
            ["REPORT_ADDR"] = Or("REPORT_ADDR", ""),
            ["WORKER_PORT"] = port,
            ["WORKER_HTTP_PORT"] = Or("WORKER_HTTP_PORT", PortAbove(port)),
            [mapped] = Or(mapped, port),
            ["PUBLIC_IPADDR"] = Or("PUBLIC_IPADDR", "127.0.0.1"),
            ["USE_SSL"] = Or("USE_SSL", "false"),
            ["UNSECURED"] = Or("UNSECURED", "false"),
            ["MODEL_LOG"] = log,
            ["MODEL_SERVER_URL"] = Or("MODEL_SERVER_URL", "http://127.0.0.1:18288"),
            ["COMFYUI_API_BASE"] = Or("COMFYUI_API_BASE", "http://127.0.0.1:18188"),
            ["PYWORKER_VERSION"] = Or("PYWORKER_VERSION", commit),
            ["WORKSPACE_DIR"] = Or("WORKSPACE_DIR", workspace),
            ["SERVERLESS"] = "true",

            // Else what it says comes in blocks of 8 KiB, the last of them never.
            ["PYTHONUNBUFFERED"] = "1",
        };
        if (read("BACKEND") is { Length: > 0 } backend)
        {
            // The original's start script refuses a backend without it, whatever its value.
            variables["BACKEND"] = backend;
            variables["HF_TOKEN"] = Or("HF_TOKEN", "1");
        }

        return variables;

        string Or(string name, string standard) => read(name) is { } text && !string.IsNullOrWhiteSpace(text) ? text.Trim() : standard;
    }

    private static string PortAbove(string port) => int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        ? (number + 1).ToString(CultureInfo.InvariantCulture)
        : throw new PythonWorkerException($"'WORKER_PORT' must be a whole number but is '{port}'");
}

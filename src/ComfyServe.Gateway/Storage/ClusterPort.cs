using System.Globalization;
using ComfyServe.Hosting;
using ComfyServe.Hosting.Files;

namespace ComfyServe.Gateway.Storage;

/// <summary>
/// The port for other gateways stays the same over restarts where it can: a gateway that was killed is still a member of its cluster, and one that comes at the same
/// address takes its place at once. At another one it would wait until the dead one is given up.
/// </summary>
internal static class ClusterPort
{
    private const string FileName = "cluster-port";

    /// <summary>The port of the last start if nobody listens on it, else any free one, which is kept for the next.</summary>
    /// <param name="folder">The gateway's data folder; made if missing.</param>
    public static int Of(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (File.Exists(path) && int.TryParse(File.ReadAllText(path), NumberStyles.None, CultureInfo.InvariantCulture, out var kept) && kept is > 0 and <= ushort.MaxValue && FreePort.IsFree(kept))
        {
            return kept;
        }

        var port = FreePort.Find();
        PrivateFiles.CreateFolder(folder);
        using var file = PrivateFiles.Write(path, FileMode.Create);
        file.Write(System.Text.Encoding.ASCII.GetBytes(port.ToString(CultureInfo.InvariantCulture)));
        return port;
    }
}

using System.Runtime.InteropServices;
using ComfyServe.Diffusion.Runtime;

namespace ComfyServe.Cli.Doctor;

/// <summary>Which number format models compute in here, and how fast the formats were measured to be.</summary>
internal static class FormatCheck
{
    private const string Area = "number format";

    public static IEnumerable<Finding> Run()
    {
        List<string> warnings = [];
        FormatChoice choice;
        try
        {
            choice = ComputeFormats.Choose(KernelVerdicts.ForThisMachine(warnings.Add));
        }
        catch (Exception exception) when (exception is DllNotFoundException or TypeInitializationException or NotSupportedException or ExternalException)
        {
            return [new(Area, FindingLevel.Problem, "not measured: libtorch does not compute here", "see 'libraries' above")];
        }

        return
        [
            new(Area, FindingLevel.Ok, $"models compute in {choice.Format.Name}: {choice.Reason}"),
            .. warnings.Select(static w => new Finding(Area, FindingLevel.Warning, w, "nothing to do: results are right, and slower than they could be")),
        ];
    }
}

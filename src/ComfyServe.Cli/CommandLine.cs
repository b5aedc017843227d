using System.CommandLine;

namespace ComfyServe.Cli;

/// <summary>The verbs of <c>comfyserve</c>, one file each.</summary>
internal static class CommandLine
{
    /// <summary>Builds the whole command tree.</summary>
    public static RootCommand Build()
    {
        var root = new RootCommand("Turns ComfyUI workflows into an API, from one laptop to a fleet of GPU machines")
        {
            // In the order in which one meets them: this machine, the roles, a fleet, and what few need.
            RunVerb.Build(),
            UpVerb.Build(),
            DoctorVerb.Build(),
            ModelsVerb.Build(),
            ProvisionVerb.Build(),
            CleanVerb.Build(),
            EngineVerb.Build(),
            ApiVerb.Build(),
            WorkerVerb.Build(),
            GatewayVerb.Build(),
            EndpointsVerb.Build(),
            WorkersVerb.Build(),
            KeysVerb.Build(),
            VariablesVerb.Build(),
            LogsVerb.Build(),
            TopVerb.Build(),
            StackVerb.Build(),
            TrainStarterVerb.Build(),
            EvaluateStarterVerb.Build(),
        };
        OptionChecks.RefuseEmpty(root);
        ExamplesHelp.AddTo(root);
        return root;
    }
}
